"""What a function does with a range, in a process of its own that is told ranges line by line.

    python -m bench.inference.range_worker URL MODELS SIZE

Prints a line when the model is loaded, and one for each range that it has coded.
"""

import json
import resource
import sys
import time
from pathlib import Path

import boto3

from bench.streams.storages import DROPS, RESULTS
from coding_service.aws import configuration
from coding_service.byte_ranges.cut import ByteRange
from coding_service.byte_ranges.multipart_writer import MultipartWriter
from coding_service.byte_ranges.process import code_range
from coding_service.coder.catalogue import Catalogue
from coding_service.inference.json_lines import JsonLinesCoder
from coding_service.operations.files import JSON_LINES, InputFile
from protocol.records import RecordForm

INPUT_KEY = "input.jsonl"


def peak_bytes() -> int:
    """The most that this process has held in memory. Linux counts in kB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main(url: str, models: Path, size: int) -> None:
    """Codes ranges of the sample until standard input ends."""
    catalogue = Catalogue.read(models)
    (topic, cards) = next((name, cards) for name, cards in catalogue.cards.items() if cards)
    card = catalogue.model(topic, cards[0].model_id)
    model = catalogue.load(card)
    s3 = boto3.client("s3", endpoint_url=url, config=configuration("path"))
    source = InputFile(s3, DROPS, INPUT_KEY, "any", size)
    print(json.dumps({"ready": 1}), flush=True)
    for line in sys.stdin:
        extent = ByteRange.from_state(json.loads(line))
        start = time.process_time()
        done = code_range(
            source,
            extent,
            coder=JsonLinesCoder(model, RecordForm(card.input_format, has_record_id=True)),
            to=MultipartWriter(s3, RESULTS, f"{extent.index:05}", content_type=JSON_LINES),
        )
        told = {
            "records": done.counts["records"],
            "cpu_seconds": time.process_time() - start,
            "peak_bytes": peak_bytes(),
        }
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
