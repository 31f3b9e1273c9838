"""`python -m bench.simulation [--quick] [--seed N]`: runs the scenarios and prints what they show.

Ends with status 1 where a target was missed.
"""

import argparse
import sys
import time

from bench.simulation.report import lines_of
from bench.simulation.scenarios import full, quick


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.simulation", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the short scenarios only")
    parser.add_argument("--seed", type=int, default=1, help="of everything that is random")
    chosen = parser.parse_args()
    missed = 0
    for scenario in quick() if chosen.quick else full():
        began = time.monotonic()
        seen, misses = scenario.run(chosen.seed)
        missed += len(misses)
        print(f"{scenario.name}  (simulated in {time.monotonic() - began:.1f} s)")
        for line in lines_of(seen):
            print(f"  {line}")
        for miss in misses:
            print(f"  MISSED: {miss}")
        print(flush=True)
    print("All targets met." if not missed else f"{missed} targets missed.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
