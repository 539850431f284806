"""A .tflite model and a board in, the files of a firmware project out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from edgecompress import __version__
from edgecompress.board import Board
from edgecompress.errors import BoardError, UsageError
from edgecompress.firmware.identifiers import identifier, unique_identifiers
from edgecompress.firmware.memory import board_memory
from edgecompress.firmware.model import (
    FirmwareModel,
    count_resource_variables,
    io_tensors,
    is_stateful,
)
from edgecompress.firmware.render import render, template_files
from edgecompress.firmware.targets import CORES, MACHINES
from edgecompress.firmware.vectors import golden_vectors
from edgecompress.fit.arena import plan_arena
from edgecompress.tflite.operators import TFLM_COMMIT, check_supported, registrations
from edgecompress.tflite.reader import read_model

DEFAULT_VECTORS = 4

# Bytes for the stack of the bare-metal image. TFLM's own calls were measured to need at most
# 1,640 bytes (27 models on three cores, TFLM 90b983c2b, release build).
STACK_BYTES = 4096

_PER_MODEL = ("model_data", "model_runner", "golden_vectors")
_SHARED = ("model_status", "quantization", "self_test", "tensor_arena")


@dataclass(frozen=True)
class _Layout:
    """Where a framework expects C++ sources, and what it calls them."""

    sources: str
    suffix: str = ".cc"


_LAYOUTS: Mapping[str, _Layout] = {
    "cmake": _Layout("src"),
}
FRAMEWORKS = tuple(_LAYOUTS)


@dataclass(frozen=True)
class ArenaSize:
    """What the tensor arena of a firmware is made of."""

    min_bytes: int
    margin_bytes: int
    margin_reason: str
    basis: str


def generate(
    models: Sequence[Path | bytes],
    board: Board,
    framework: str = "cmake",
    name: str | None = None,
    *,
    vectors: int = DEFAULT_VECTORS,
    samples: NDArray[Any] | None = None,
    labels: Sequence[str] = (),
    seed: int = 0,
    kernels: str | None = None,
) -> dict[str, str | bytes]:
    """Return the files of a firmware project, by path relative to its folder.

    The same arguments give the same files, byte for byte.

    Args:
        models: .tflite files or their bytes; several share one tensor arena.
        board: the board the project is for.
        framework: one of FRAMEWORKS.
        name: of the project; by default the first file's.
        vectors: number of golden test vectors for each model.
        samples: real inputs [n, ...] in the model's units for the vectors; noise otherwise.
        labels: names of the classes, in the order of the output's elements.
        seed: of the noise.
        kernels: "cmsis-nn" or "reference", instead of the board's own kernel library.

    Raises:
        UsageError: an unknown framework, no model, or fewer than one vector.
        BoardError: the framework cannot build for the board's core.
        ModelError: a model cannot be read, or TFLM cannot run it.
        DataError: samples that do not have the model's input shape.
    """
    if framework not in _LAYOUTS:
        raise UsageError(f"no framework {framework!r}; there are {', '.join(FRAMEWORKS)}")
    if not models or vectors < 1:
        raise UsageError("give at least one model and at least one test vector")
    titles = [_title(model, name if len(models) == 1 else None) for model in models]
    described = [
        _describe(
            model, title, prefix, board.core, kernels or board.kernels,
            vectors=vectors, samples=samples, labels=labels, seed=seed,
        )
        for model, title, prefix in zip(models, titles, unique_identifiers(titles), strict=True)
    ]  # fmt: skip
    facts = _facts(described, board, framework, name or titles[0], kernels or board.kernels)
    return _files(_LAYOUTS[framework], framework, facts)


def arena_size(models: Sequence[FirmwareModel]) -> ArenaSize:
    """Return the size of an arena that serves each of the models, one at a time."""
    largest = max(models, key=lambda model: model.arena.min_bytes).arena
    exact = all(model.arena.basis == "exact" for model in models)
    share = 0.02 if exact else 0.10
    margin = max(256, int(largest.min_bytes * share) // 16 * 16)
    return ArenaSize(
        largest.min_bytes,
        margin,
        f"{share:.0%}, at least 256 bytes: for another release of TFLM.",
        "planned exactly" if exact else "estimated",
    )


def _title(model: Path | bytes, name: str | None) -> str:
    if name is not None:
        return name
    return model.stem if isinstance(model, Path) else "model"


def _describe(
    source: Path | bytes,
    title: str,
    prefix: str,
    core: str,
    kernels: str,
    *,
    vectors: int,
    samples: NDArray[Any] | None,
    labels: Sequence[str],
    seed: int,
) -> FirmwareModel:
    graph = read_model(source)
    inputs, outputs = io_tensors(graph)
    check_supported(graph)
    content = source.read_bytes() if isinstance(source, Path) else source
    return FirmwareModel(
        prefix=prefix,
        title=title,
        content=content,
        sha256=graph.sha256,
        inputs=inputs,
        outputs=outputs,
        registrations=registrations(graph, kernels),
        arena=plan_arena(graph, core, kernels),
        resource_variables=count_resource_variables(graph),
        stateful=is_stateful(graph),
        vectors=golden_vectors(content, graph, count=vectors, seed=seed, samples=samples),
        labels=tuple(labels),
    )


def _facts(
    models: Sequence[FirmwareModel], board: Board, framework: str, title: str, kernels: str
) -> Mapping[str, Any]:
    """Return everything the templates may name."""
    project = identifier(title)
    if board.core not in CORES:
        raise BoardError(
            f"{board.id} has the core {board.core}; the framework cmake builds for "
            f"{', '.join(CORES)}. Choose another framework"
        )
    flash, ram = board_memory(board)
    machine = MACHINES[board.frameworks.get("qemu", {}).get("machine", CORES[board.core].machine)]
    emulated = "qemu" in board.frameworks
    facts = {
        "version": __version__,
        "title": title,
        "project": project,
        "framework": framework,
        "board": board,
        "core": CORES[board.core],
        "kernels": kernels,
        "tflm_commit": TFLM_COMMIT,
        "models": models,
        "self_test_headers": [
            "console.h",
            *(f"{model.prefix}_golden_vectors.h" for model in models),
        ],
        "arena": arena_size(models),
        "stack_bytes": STACK_BYTES,
        "flash": flash,
        "ram": ram,
        "machine": machine,
        "board_is_emulated": emulated,
        "qemu_image": f"{project}.elf" if emulated else f"{project}_qemu.elf",
    }
    return {**facts, "facts": _summary(facts)}


def _summary(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what `build` and `emulate` read from firmware.json."""
    return {
        "edgecompress": facts["version"],
        "project": facts["project"],
        "framework": facts["framework"],
        "board": facts["board"].id,
        "core": facts["board"].core,
        "kernels": facts["kernels"],
        "tflm_commit": facts["tflm_commit"],
        "qemu": {"machine": facts["machine"].name, "image": facts["qemu_image"]},
        "arena_bytes": facts["arena"].min_bytes + facts["arena"].margin_bytes,
        "stack_bytes": facts["stack_bytes"],
        "flash": {"address": facts["flash"].address, "size_bytes": facts["flash"].size_bytes},
        "ram": {"address": facts["ram"].address, "size_bytes": facts["ram"].size_bytes},
        "models": [
            {
                "name": model.prefix,
                "sha256": model.sha256,
                "bytes": len(model.content),
                "vectors": model.vectors.count,
                "arena_min_bytes": model.arena.min_bytes,
                "arena_used_bytes": model.arena.used_bytes,
                "arena_basis": model.arena.basis,
            }
            for model in facts["models"]
        ],
    }


def _files(layout: _Layout, framework: str, facts: Mapping[str, Any]) -> dict[str, str | bytes]:
    sources = Path(layout.sources)
    files: dict[str, str | bytes] = {
        ".clang-format": render("common/clang-format", facts),
        "firmware.json": render("common/firmware.json", facts),
    }
    for template in template_files("common"):
        stem, suffix = Path(template).stem, Path(template).suffix
        target = suffix.replace(".cc", layout.suffix)
        if stem in _SHARED:
            files[f"{sources / stem}{target}"] = render(f"common/{template}", facts)
        for model in facts["models"] if stem in _PER_MODEL else ():
            text = render(f"common/{template}", {**facts, "model": model})
            files[f"{sources}/{model.prefix}_{stem}{target}"] = text
    for template in template_files(framework):
        path = template.replace("__project__", facts["project"])
        files[path] = render(f"{framework}/{template}", facts)
    return files
