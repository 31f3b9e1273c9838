"""`python -m simulation [--quick] [--seed N]`: runs the scenarios and prints what they show.

With `--seeds N` it runs the two that chance moves most, with the seeds 1 to N, as a table.

Ends with status 1 where a target was missed.
"""

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

from simulation.report.measures import Measures
from simulation.report.text import HEADING, lines_of, row_of
from simulation.scenarios import Scenario, full, moved_by_chance, quick


def main() -> int:
    parser = argparse.ArgumentParser(prog="simulation", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the short scenarios only")
    parser.add_argument("--seed", type=int, default=1, help="of everything that is random")
    parser.add_argument("--seeds", type=int, help="a table of the seeds 1 to N")
    chosen = parser.parse_args()
    missed = _table(chosen.seeds) if chosen.seeds else _scenarios(chosen.quick, chosen.seed)
    print("All targets met." if not missed else f"{missed} targets missed.")
    return 1 if missed else 0


def _scenarios(short: bool, seed: int) -> int:
    """Runs each once; how many targets were missed."""
    scenarios = quick() if short else full()
    missed = 0
    with ProcessPoolExecutor() as executor:
        runs = executor.map(_run, scenarios, repeat(seed))
        for scenario, (seen, misses, seconds) in zip(scenarios, runs, strict=True):
            missed += len(misses)
            print(f"{scenario.name}  (simulated in {seconds:.1f} s)")
            for line in lines_of(seen):
                print(f"  {line}")
            for miss in misses:
                print(f"  MISSED: {miss}")
            print(flush=True)
    return missed


def _table(seeds: int) -> int:
    """Runs some with each seed; how many targets were missed."""
    missed = 0
    with ProcessPoolExecutor() as executor:
        for scenario in moved_by_chance():
            print(scenario.name, HEADING, sep="\n")
            runs = executor.map(_run, repeat(scenario), range(1, seeds + 1))
            for seed, (seen, misses, _) in enumerate(runs, start=1):
                missed += len(misses)
                print(row_of(seed, seen), *misses, flush=True)
            print()
    return missed


def _run(scenario: Scenario, seed: int) -> tuple[Measures, list[str], float]:
    began = time.monotonic()
    return *scenario.run(seed), time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
