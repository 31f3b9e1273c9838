"""Reads results.csv with the codes as text, so that 0241 stays 0241: python read_coded.py [file]

With pandas: pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
"""

import csv
import sys
from collections import Counter
from pathlib import Path

TOPIC = "occupation"

path = Path(sys.argv[1] if len(sys.argv) > 1 else "results.csv")
with path.open(encoding="utf-8-sig", newline="") as file:
    # A file with semicolons or tabs: add delimiter=";" or delimiter="\t".
    coded = list(csv.DictReader(file))
for row in coded:
    if row[f"{TOPIC}_confidence"]:
        row[f"{TOPIC}_confidence"] = float(row[f"{TOPIC}_confidence"])
for status, count in Counter(row[f"{TOPIC}_status"] for row in coded).most_common():
    sys.stdout.write(f"{status}: {count:,}\n")
