"""What `explain` found out, as tables and sentences."""

from collections.abc import Iterator, Mapping
from typing import Any

import click

from edgecompress.cli.output.rows import print_rows
from edgecompress.explain.features import features_of


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
    names = [each["model"] for each in document["models"]]
    for features in features_of(document):
        of_input = "" if features.place is None else f" of input {features.place}"
        yield (
            f"Change of probability without a feature{of_input}, the first model's most telling:",
            [{"feature": name} | dict(zip(names, row, strict=True)) for name, row in features.rows],
        )


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
