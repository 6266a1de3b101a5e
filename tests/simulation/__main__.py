"""Run simulations by hand: `python -m tests.simulation --seed 7 --trace`, or `--seeds 0:5000`."""

import argparse
import sys
import time

from tests.simulation.plan import draw
from tests.simulation.planted import PLANTED, planted
from tests.simulation.world import Result, simulate


def main() -> int:
    """Run what was asked for; the exit status says whether anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--seed", type=int, help="one simulation")
    what.add_argument("--seeds", type=_seeds, metavar="FROM:TO", help="many")
    parser.add_argument("--trace", action="store_true", help="show all that happens")
    bugs = {bug.__name__: bug for bug in PLANTED}
    parser.add_argument("--bug", choices=sorted(bugs), help="with a planted bug")
    arguments = parser.parse_args()
    seeds = arguments.seeds or range(arguments.seed, arguments.seed + 1)
    begun, found = time.process_time(), 0
    for seed in seeds:
        if arguments.bug:
            with planted(bugs[arguments.bug]):
                result = simulate(draw(seed), keep_trace=arguments.trace)
        else:
            result = simulate(draw(seed), keep_trace=arguments.trace)
        found += bool(result.problems)
        if result.problems or len(seeds) == 1:
            show(result)
    seconds = time.process_time() - begun
    print(f"{len(seeds)} simulations, {found} with findings, {seconds:.1f} s of CPU")
    return 1 if found else 0


def show(result: Result) -> None:
    """Print what happened."""
    for line in result.trace.lines:
        print(line)
    print(result.plan.describe())
    print(
        f"  {result.virtual_s:.0f} s, {result.attempts} attempts, {result.losses} taken back, "
        f"{result.effects} calls for effects, trace {result.trace.hash}"
    )
    for problem in result.problems:
        print(f"  FOUND {problem}")
    if result.problems:
        print(f"  again: {result.replay}")


def _seeds(text: str) -> range:
    first, _, end = text.partition(":")
    return range(int(first), int(end))


if __name__ == "__main__":
    sys.exit(main())
