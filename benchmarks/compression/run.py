"""Compare edgecompress with what an engineer does by hand, on one case.

    python benchmarks/compression/run.py CASE [--only RUN] [--seed N] [--tfmot-python PYTHON]

Each run of each seed is kept in the results folder, so that an interrupted benchmark goes on where
it stopped; the table is written to benchmarks/compression/CASE.md. See README.md there.
"""

import argparse
import logging
from pathlib import Path

from bench import Bench, clock, measured
from cases import CASES, Case
from contenders import make, runs_of
from table import write_table

SEEDS = (0, 1, 2)


def main() -> None:
    """Do the runs that are not there yet, then write the table."""
    arguments = _arguments()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("edgecompress").setLevel(logging.INFO)
    case = CASES[arguments.case]
    folder = arguments.results.resolve() / case.name
    folder.mkdir(parents=True, exist_ok=True)
    for seed in arguments.seed or SEEDS:
        bench = Bench(case, seed, folder)
        for run in arguments.only or _possible(case, arguments.tfmot_python):
            if bench.known(run) is None:
                _do(bench, run, arguments.tfmot_python)
    write_table(case, folder, SEEDS)


def _do(bench: Bench, run: str, tfmot_python: Path | None) -> None:
    print(f"{bench.case.name}, seed {bench.seed}: {run}", flush=True)
    _ = bench.dataset  # loading is nobody's time
    with clock() as seconds:
        model, epochs, notes = make(bench, run, tfmot_python)
    result = measured(bench, run, model, epochs=epochs, seconds=seconds[0], notes=notes)
    bench.keep(result, model)
    print(f"{run}: {result.metric} {result.value:.4f}, {result.model_bytes} bytes", flush=True)


def _possible(case: Case, tfmot_python: Path | None) -> list[str]:
    """Return the runs of a case, without tfmot's where it is not installed."""
    return [run for run in runs_of(case) if tfmot_python or not run.startswith("tfmot")]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", choices=CASES)
    parser.add_argument("--only", action="append", help="a run such as ours-half; repeatable")
    parser.add_argument("--seed", type=int, action="append", choices=SEEDS, help="repeatable")
    parser.add_argument("--results", type=Path, default=Path("compression-results"))
    parser.add_argument("--tfmot-python", type=Path, help="python of tfmot's environment")
    return parser.parse_args()


if __name__ == "__main__":
    main()
