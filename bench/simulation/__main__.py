"""`python -m bench.simulation [--quick] [--seed N]`: runs the scenarios and prints what they show.

Ends with status 1 where a target was missed.
"""

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

from bench.simulation.measures import Measures
from bench.simulation.report import lines_of
from bench.simulation.scenarios import Scenario, full, quick


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench.simulation", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the short scenarios only")
    parser.add_argument("--seed", type=int, default=1, help="of everything that is random")
    chosen = parser.parse_args()
    scenarios = quick() if chosen.quick else full()
    missed = 0
    with ProcessPoolExecutor() as executor:
        runs = executor.map(_run, scenarios, repeat(chosen.seed))
        for scenario, (seen, misses, seconds) in zip(scenarios, runs, strict=True):
            missed += len(misses)
            print(f"{scenario.name}  (simulated in {seconds:.1f} s)")
            for line in lines_of(seen):
                print(f"  {line}")
            for miss in misses:
                print(f"  MISSED: {miss}")
            print(flush=True)
    print("All targets met." if not missed else f"{missed} targets missed.")
    return 1 if missed else 0


def _run(scenario: Scenario, seed: int) -> tuple[Measures, list[str], float]:
    began = time.monotonic()
    return *scenario.run(seed), time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
