"""The results of a case as a table in Markdown."""

import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from textwrap import wrap

from bench import Bench, Result
from cases import Case, Target
from contenders import runs_of

from edgecompress.board import load_board
from edgecompress.files import write_file

Results = Mapping[str, Sequence[Result]]  # by run, one for each seed that was done

_NAMES = {
    "original": "float original",
    "ptq": "int8, TFLite's converter (min-max)",
    "ptq-mse": "int8, `quantize --calibration mse`",
    "pow2": "int8, `quantize --scheme pow2`",
    "qat": "int8, `quantize --qat`",
    "scratch": "narrower, trained from scratch, then TFLite's converter",
    "tfmot": "tfmot, {zeros:.0%} zeros, then QAT",
    "int8": "`compress --weight-bits 8`",
    "ours": "**`compress`**",
    "resumed": "the same, and `--resume` with {resumed} more (epochs and seconds: of these)",
}
_OURS = ("int8", "ours", "resumed")
_LINE = 120
_WAYS = ("scratch", "tfmot", "int8", "ours", "resumed")
_COLUMNS = "lost | int8 bytes | arena bytes | MACs | epochs | seconds | runs |"


def write_table(case: Case, folder: Path, seeds: Sequence[int]) -> None:
    """Write CASE.md beside this file from the results that there are."""
    found = {
        run: [known for seed in seeds if (known := Bench(case, seed, folder).known(run))]
        for run in runs_of(case)
    }
    if not found["original"]:
        return
    metric = found["original"][0].metric
    head = f"| {metric} | {_COLUMNS}\n{'|---' * 9}|"
    lines = [f"# {case.title}", "", *_about(case, found), "", f"| whole network {head}"]
    lines += _rows(found, ("original", "ptq", "ptq-mse", "pow2", "qat"), None)
    for target in case.targets:
        lines += ["", f"## {_limit(case, target, found)}", "", f"| way {head}"]
        runs = (f"{way}-{target.name}" for way in _WAYS)
        lines += _rows(found, [run for run in runs if run in found], target)
        lines += ["", _verdict(target, found)]
    write_file(Path(__file__).with_name(f"{case.name}.md"), "\n".join(lines) + "\n")


def _about(case: Case, found: Results) -> list[str]:
    """Say what the figures are and where they come from."""
    every = [result for results in found.values() for result in results]
    versions = {**every[0].versions}
    for result in every:
        if "tfmot" in result.notes:
            versions["tensorflow-model-optimization"] = result.notes["tfmot"]
    text = (
        "Mean, sample standard deviation and range over seeds, on the test split, which nothing is "
        f"chosen by. Lost: {_unit(every[0])} against the float original of the same seed. int8 "
        "models run on TFLM's interpreter; arenas are those of a Cortex-M4F with CMSIS-NN, by "
        "edgecompress's exact planner. Epochs count all training after the original's. Seconds "
        f"are wall time on {os.cpu_count()} cores ({platform.machine()}) that do other work too: a "
        "hint only."
    )
    made = (
        f"Made by `python benchmarks/compression/run.py {case.name}` with "
        + ", ".join(f"{name} {number}" for name, number in versions.items())
        + f"; edgecompress at {_commits(every)}."
    )
    return [*wrap(text, _LINE), "", *wrap(made, _LINE, break_long_words=False)]


def _commits(results: Sequence[Result]) -> str:
    """Return the commits that were measured; `compress` alone may be at a later one."""
    of_ours = sorted({r.commit for r in results if r.run.startswith(_OURS)})
    return ", ".join(of_ours or sorted({result.commit for result in results}))


def _limit(case: Case, target: Target, found: Results) -> str:
    if target.share is None:
        return f"To fit {load_board(target.board).name}"
    size = case.int8_bytes or next((result.model_bytes for result in found["ptq"]), None) or 0
    return f"At most {target.share:.0%} of the int8 bytes: {int(target.share * size):,}"


def _rows(found: Results, runs: Sequence[str], target: Target | None) -> list[str]:
    return [_row(run, found, target) for run in runs if found[run]]


def _row(run: str, found: Results, target: Target | None) -> str:
    results = found[run]
    way = run if target is None else run.partition("-")[0]
    name = _NAMES[way]
    if target is not None:
        name = name.format(zeros=target.sparsity, resumed=target.resumed)
    if not all(result.notes.get("aware", True) for result in results):
        name = name.replace("then QAT", "then PTQ (its QAT leaves layers in float)")
    cells = [
        name,
        _spread([result.value for result in results], _scale(results[0])),
        "" if run == "original" else _spread(_lost(results, found), 1.0),
        *(_average(results, field) for field in ("model_bytes", "arena_bytes", "macs", "epochs")),
        _average(results, "seconds"),
        str(len(results)),
    ]
    return f"| {' | '.join(cells)} |"


def _lost(results: Sequence[Result], found: Results) -> list[float]:
    """Return points of accuracy, or per cent of the error, lost against the same seed's float."""
    before = {result.seed: result.value for result in found["original"]}
    if _is_error(results[0]):
        return [100 * (r.value / before[r.seed] - 1) for r in results if r.seed in before]
    return [100 * (before[r.seed] - r.value) for r in results if r.seed in before]


def _verdict(target: Target, found: Results) -> str:
    """Say whether the goal is met, and how far the best rival is behind."""
    ours = found[f"ours-{target.name}"]
    if not ours:
        return "`compress` was not run yet."
    lost = mean(_lost(ours, found))
    met = "met" if lost <= target.allowed else "missed"
    text = f"Goal: at most {target.allowed:g} {_unit(ours[0])} lost: {met} ({lost:.2f})."
    if resumed := found.get(f"resumed-{target.name}"):
        after = mean(_lost(resumed, found))
        met = "met" if after <= target.allowed else "missed"
        text = f"{text} After `--resume`: {met} ({after:.2f})."
    rivals = {
        way: results for way in ("scratch", "tfmot") if (results := found[f"{way}-{target.name}"])
    }
    margins = [
        f"{mean(_lost(results, found)) - lost:+.2f} against {_NAMES[way].partition(',')[0]}"
        for way, results in rivals.items()
    ]
    return f"{text} Ahead by {' and '.join(margins)}." if margins else text


def _spread(values: Sequence[float], scale: float) -> str:
    scaled = [scale * value for value in values]
    digits = 2 if scale <= 100 else 3  # noqa: PLR2004 - small errors are shown in thousandths
    middle = f"{mean(scaled):.{digits}f}"
    if len(scaled) == 1:
        return middle
    low, high = f"{min(scaled):.{digits}f}", f"{max(scaled):.{digits}f}"
    return f"{middle} ± {stdev(scaled):.{digits}f} ({low} to {high})"


def _average(results: Sequence[Result], field: str) -> str:
    values = [value for result in results if (value := getattr(result, field)) is not None]
    return f"{mean(values):,.0f}" if values else ""


def _is_error(result: Result) -> bool:
    return result.metric == "mse"


def _scale(result: Result) -> float:
    """Accuracies are shown in per cent, errors in thousandths."""
    return 1000.0 if _is_error(result) else 100.0


def _unit(result: Result) -> str:
    return "per cent of the error" if _is_error(result) else "points"
