"""What `explain` found out, as tables and sentences."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from edgecompress.cli.output.rows import print_rows

_MOST_FEATURES = 10


def print_explained(document: Mapping[str, Any]) -> None:
    """Print a row for each model, where answers differ class by class, and the verdicts."""
    models = document["models"]
    print_rows([_row(each) for each in models])
    classes = [_of_class(models, index) for index in range(len(models[0]["agreement_by_class"]))]
    differing = [row for row in classes if any(value != 1.0 for value in list(row.values())[2:])]
    if differing:
        click.echo(f"Answers as {models[0]['model']}, by the class it answers (others agree):")
        print_rows(differing)
    for title, rows in _features(document):
        click.echo(title)
        print_rows(rows)
    click.echo(
        f"Maps of {document['samples']} test samples; answers on {document['answers_compared']}."
    )
    for verdict in document["verdict"]:
        click.echo(f"{verdict}.")


def _features(document: Mapping[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield what features of each input matter most: of tables, and of channels over time."""
    models, several = document["models"], len(document["shapes"]) > 1
    for place, (shape, grid) in enumerate(zip(document["shapes"], document["grids"], strict=True)):
        if len(shape) > 2:  # noqa: PLR2004 - a picture, whose places are no features
            continue
        columns = {each["model"]: _by_feature(each["importance"][place], grid) for each in models}
        first = next(iter(columns.values()))
        order = sorted(range(len(first)), key=lambda index: -first[index])[:_MOST_FEATURES]
        of_input = f" of input {place}" if several else ""
        yield (
            f"Change of probability without a feature{of_input}, the first model's most telling:",
            [
                {"feature": _feature(index, len(first), shape[-1])}
                | {name: values[index] for name, values in columns.items()}
                for index in order
            ],
        )


def _by_feature(values: Sequence[float], grid: Sequence[int]) -> list[float]:
    """Return the mean over windows of time, if there are any, for each feature."""
    features = grid[-1]
    windows = len(values) // features
    return [sum(values[index::features]) / windows for index in range(features)]


def _feature(index: int, places: int, size: int) -> str:
    """Return the features that a place covers, by their numbers from 0."""
    start, end = index * size // places, -(-(index + 1) * size // places) - 1
    return str(start) if start == end else f"{start} to {end}"


def _row(model: Mapping[str, Any]) -> dict[str, Any]:
    mean = model["similarity"]["mean"]
    return {
        "model": model["model"],
        "rank correlation": mean["rank_correlation"],
        "top places in common": mean["top_overlap"],
        "answers in common": model["agreement"],
        "accuracy": model["accuracy"],
        "calibration error": model["calibration_error"],
    }


def _of_class(models: list[Any], index: int) -> dict[str, Any]:
    rows = [(each["model"], each["agreement_by_class"][index]) for each in models]
    first = rows[0][1]
    shares = {name: row["agreement"] for name, row in rows[1:]}
    return {"class": first["class"], "samples": first["samples"], **shares}
