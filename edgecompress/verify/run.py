"""A folder that `compress` left: model, inputs, accuracy, fit, and the firmware in it."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgecompress.board import load_board, reserving
from edgecompress.dataset import Dataset
from edgecompress.dataset.named import load_for
from edgecompress.errors import MALFORMED, EdgecompressError, UsageError
from edgecompress.evaluate.pixels import resolve_pixels
from edgecompress.evaluate.score import evaluate
from edgecompress.files import sha256_of
from edgecompress.firmware.sources.project import FACTS_FILE
from edgecompress.memory.verdict.fit import fit
from edgecompress.metrics import primary_metric
from edgecompress.recipe import Recipe, load_recipe
from edgecompress.verify.check import Check, check_equal, read_facts, unchecked
from edgecompress.verify.firmware import check_firmware

REPORT, MODEL, RECIPE, FIRMWARE = "report.json", "model.tflite", "edgecompress.toml", "firmware"


@dataclass(frozen=True)
class Verification:
    """All that was looked at in a folder."""

    folder: Path
    checks: tuple[Check, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing that was looked at has changed."""
        return all(check.holds is not False for check in self.checks)


def verify(folder: Path, model: Path | None = None) -> Verification:
    """Look again at what `compress` or `generate` wrote, and at what it was made from.

    Args:
        folder: with a report.json or a firmware.json.
        model: the .tflite of generated firmware that does not hold it (that of the C runtime).

    Raises:
        UsageError: it is no such folder.
    """
    given = (model.read_bytes(),) if model else ()
    if (folder / REPORT).is_file():
        return Verification(folder, tuple(_check_run(folder)))
    if (folder / FACTS_FILE).is_file():
        return Verification(folder, tuple(check_firmware(folder, _by_digest(*given))))
    raise UsageError(
        f"{folder}: holds neither {REPORT} nor {FACTS_FILE}; give a folder that `compress` or "
        "`generate` wrote"
    )


def _by_digest(*models: bytes) -> Mapping[str, bytes]:
    return {hashlib.sha256(model).hexdigest(): model for model in models}


def _check_run(folder: Path) -> Iterator[Check]:
    facts = read_facts(folder / REPORT)
    try:
        model = (folder / MODEL).read_bytes()
        yield check_equal("model", [("sha256", facts["after"]["sha256"], *_by_digest(model))])
        yield _check_fit(facts, model)
        yield from _check_data(folder, facts, model)
    except OSError as error:
        yield Check("model", holds=False, detail=f"{MODEL}: {error.strerror}")
        return
    except MALFORMED as error:
        raise UsageError(f"{folder / REPORT}: is not what `compress` writes: {error!r}") from error
    if (folder / FIRMWARE / FACTS_FILE).is_file():
        yield from check_firmware(folder / FIRMWARE, _by_digest(model))


def _check_fit(facts: Mapping[str, Any], model: bytes) -> Check:
    then = facts["verdict"]
    recipe = facts["recipe"]
    reserves = recipe.get("reserve_ram_bytes"), recipe.get("reserve_flash_bytes")
    board = reserving(load_board(then["board"]), *reserves)
    optimize = recipe.get("optimize") or "speed"
    options = {"runtime": then["runtime"], "others": (), "optimize": optimize}
    (now,) = fit(model, [board], **options).verdicts
    return check_equal(
        "fit",
        [
            ("the smallest arena", then["arena"]["min_bytes"], now.arena.min_bytes),
            ("flash", then["flash"]["used_bytes"], now.flash.used_bytes),
            ("RAM", then["ram"]["used_bytes"], now.ram.arena.used_bytes),
            ("fits", then["fits"], now.fits),
        ],
    )


def _check_data(folder: Path, facts: Mapping[str, Any], model: bytes) -> Iterator[Check]:
    """Compare the model and the data that went in, and the accuracy on the test split."""
    try:
        recipe = load_recipe(folder / RECIPE, {})
        original = sha256_of(Path(recipe.model)) if Path(recipe.model).exists() else None
        data = _data(folder, facts, recipe)
    except EdgecompressError as error:
        yield unchecked("accuracy", str(error))
        return
    if original:
        yield check_equal("model", [("sha256 of the original", facts["model"]["sha256"], original)])
    yield check_equal("files", [("sha256 of the data", facts["data"]["sha256"], data.sha256)])
    metric, _ = primary_metric(data.task)
    value = evaluate(model, data.test.open("verify"), data.task)[metric]
    then, now = (round(number, 6) for number in (facts["after"]["int8_test"], value))
    yield check_equal("accuracy", [(f"{metric} in int8 on the test split", then, now)])


def _data(folder: Path, facts: Mapping[str, Any], recipe: Recipe) -> Dataset:
    """Return the data as the run saw it."""
    from edgecompress.keras_files.model import load_keras
    from edgecompress.keras_files.signature import input_shapes, output_shapes

    student = load_keras(folder / "model.keras")
    loaded = load_for(recipe.data, input_shapes(student), output_shapes(student), seed=recipe.seed)
    pixels = facts["data"]["pixel_range"]
    return resolve_pixels(loaded, student, pixels) if loaded.pixel_range == "0..255" else loaded
