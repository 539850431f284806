"""A folder that `generate` wrote: its files, its golden vectors, its arena, and how it runs."""

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from edgecompress.board import load_board, reserving
from edgecompress.errors import MALFORMED, EdgecompressError, ToolError, UsageError
from edgecompress.firmware.run.emulate import emulate
from edgecompress.firmware.sources.project import FACTS_FILE
from edgecompress.firmware.toolchain.build import build
from edgecompress.firmware.toolchain.host import build_host
from edgecompress.firmware.toolchain.tflm import find_tflm
from edgecompress.lock import passing_folder
from edgecompress.memory.verdict.fit import fit
from edgecompress.verify.check import Check, check_equal, check_files, read_facts, unchecked
from edgecompress.verify.golden import check_vectors, embedded_model


def check_firmware(folder: Path, models: Mapping[str, bytes]) -> Iterator[Check]:
    """Look again at a generated folder.

    Args:
        folder: with a firmware.json.
        models: .tflite files by their digest, for those that the folder does not hold.

    Raises:
        UsageError: the folder's facts cannot be read.
    """
    facts = read_facts(folder / FACTS_FILE)
    try:
        yield check_files(folder, facts["files"])
        for model in facts["models"]:
            yield from _check_model(folder, facts, model, models)
        yield _check_emulation(folder, facts)
    except MALFORMED as error:
        raise UsageError(
            f"{folder / FACTS_FILE}: is not what `generate` writes: {error!r}"
        ) from error


def _check_model(
    folder: Path, facts: Mapping[str, Any], model: Mapping[str, Any], models: Mapping[str, bytes]
) -> Iterator[Check]:
    content = _model_of(folder, model, models)
    if content is None:
        why = f"the .tflite of {model['name']} is not here; name it with --model"
        yield unchecked("golden vectors", why)
        yield unchecked("fit", why)
        return
    vectors = [
        path for path in facts["files"] if path.endswith(f"{model['name']}_golden_vectors.c")
    ]
    for path in vectors:
        if (folder / path).is_file():
            yield check_vectors((folder / path).read_text(encoding="utf-8"), content)
    yield _check_arena(facts, model, content)


def _model_of(folder: Path, model: Mapping[str, Any], models: Mapping[str, bytes]) -> bytes | None:
    if model["sha256"] in models:
        return models[model["sha256"]]
    held = embedded_model(folder)
    matches = held is not None and hashlib.sha256(held).hexdigest() == model["sha256"]
    return held if matches else None


def _check_arena(facts: Mapping[str, Any], model: Mapping[str, Any], content: bytes) -> Check:
    if facts["framework"] == "host":
        return unchecked("fit", "a project for this machine has no board's memory to fit")
    runtime = facts["runtime"]
    reserves = facts.get("reserve_ram_bytes"), facts.get("reserve_flash_bytes")
    board = reserving(load_board(facts["board"]), *reserves)
    kernels = facts["kernels"] if runtime == "tflm" else None
    (verdict,) = fit(content, [board], kernels=kernels, runtime=runtime, others=()).verdicts
    arena = ("the smallest arena", model["arena_min_bytes"], verdict.arena.min_bytes)
    fits = ("fits", True, verdict.fits)
    return check_equal("fit", [arena, fits])


def _check_emulation(folder: Path, facts: Mapping[str, Any]) -> Check:
    """Build and run a copy, where it is of a kind that is built here."""
    if facts["framework"] not in ("cmake", "host"):
        return unchecked("emulation", f"{facts['framework']} is built by its own tools")
    with passing_folder() as place:
        copy = place / "firmware"
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("build"))
        try:
            tflm = find_tflm() if facts["runtime"] == "tflm" else None
            (build_host if facts["framework"] == "host" else build)(copy, tflm)
            ran = emulate(copy)
        except ToolError as error:
            return unchecked("emulation", str(error).partition("\n")[0])
        except EdgecompressError as error:
            return Check("emulation", holds=False, detail=str(error))
    vectors = sum(model.vectors for model in ran.models)
    return Check("emulation", holds=True, detail=f"{vectors} golden vectors equal on {ran.machine}")
