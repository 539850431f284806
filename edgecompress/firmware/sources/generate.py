"""A .tflite model and a board in, the files of a firmware project out."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from edgecompress.board import Board
from edgecompress.dataset.split import Inputs
from edgecompress.errors import UnsupportedModelError, UsageError
from edgecompress.firmware.sources.c_program import CProgram, c_program
from edgecompress.firmware.sources.choice import Choice, choose
from edgecompress.firmware.sources.facts import template_facts
from edgecompress.firmware.sources.frameworks import LAYOUTS, Layout
from edgecompress.firmware.sources.identifiers import unique_identifiers
from edgecompress.firmware.sources.kernel_headers import kernel_text
from edgecompress.firmware.sources.model import (
    FirmwareArena,
    FirmwareModel,
    ModelSource,
    Runtime,
    count_resource_variables,
    io_tensors,
    is_stateful,
    resets_itself,
)
from edgecompress.firmware.sources.optimize import pragma
from edgecompress.firmware.sources.regions import ArenaPlace
from edgecompress.firmware.sources.render import render, template_files
from edgecompress.firmware.sources.sbom import SBOM_FILE, sbom
from edgecompress.firmware.sources.vectors import golden_vectors, starts_anew
from edgecompress.firmware.sources.write import with_written_files
from edgecompress.memory.arena.defects import known_defects
from edgecompress.memory.arena.plan import plan_for
from edgecompress.memory.arena.target import HOST, Target, target_of
from edgecompress.program.lower import lower
from edgecompress.program.measured import measured_tables
from edgecompress.progress import doing
from edgecompress.recipe import model_name
from edgecompress.tflite.graph import Graph
from edgecompress.tflite.operators import check_supported, registrations
from edgecompress.tflite.reader import read_model

_log = logging.getLogger(__name__)

DEFAULT_VECTORS = 4

# Sources for each model, and those that all models share; of each runtime's templates, and those
# of both.
_PER_MODEL = ("model_data", "model_runner", "golden_vectors", "model")
_SHARED = ("model_status", "quantization", "self_test", "tensor_arena", "arena")


@doing("writing firmware and its test vectors")
def generate(
    models: Sequence[Path | bytes | ModelSource],
    board: Board,
    framework: str | None = None,
    name: str | None = None,
    *,
    vectors: int = DEFAULT_VECTORS,
    samples: Inputs | None = None,
    labels: Sequence[str] = (),
    seed: int = 0,
    kernels: str | None = None,
    runtime: Runtime | None = None,
    optimize: str | None = None,
) -> dict[str, str | bytes]:
    """Return the files of a firmware project, by path; the same for the same arguments.

    Args:
        models: .tflite files or their bytes, or each with samples and labels of its own; several
            share one tensor arena.
        board: the board the project is for.
        framework: one of FRAMEWORKS; by default the board's own, see `default_framework`.
        name: of the project; by default the first file's, see `recipe.model_name`.
        vectors: number of golden test vectors for each model.
        samples: real inputs [n, ...] in the model's units for the vectors; noise otherwise.
        labels: names of the classes; as `samples`, for models that are not a `ModelSource`.
        seed: of the noise.
        kernels: "cmsis-nn" or "reference", instead of the board's own.
        runtime: "tflm", or "c" for our own kernels; by default TFLM where it can be had.
        optimize: "speed", the default, or "size": of the C runtime.

    Raises:
        UsageError: an unknown framework, no model, fewer than one vector, or TFLM optimized.
        BoardError: the framework cannot build for the board's core.
        ModelError: a model cannot be read, or the runtime cannot run it.
        DataError: samples that do not have the model's input shape.
    """
    choice = choose(board, framework, runtime, optimize)
    if not models or vectors < 1:
        raise UsageError("give at least one model and at least one test vector")
    sources = _with_data(models, samples, labels)
    titles = [_title(source.model, name if len(models) == 1 else None) for source in sources]
    on_board = target_of(board.core, kernels or LAYOUTS[choice.framework].kernels or board.kernels)
    runs_on = HOST if choice.framework == "host" else on_board
    describe = partial(_describe, runtime=choice.runtime, vectors=vectors, seed=seed)
    named = zip(sources, titles, unique_identifiers(titles), strict=True)
    with _runtime_said(choice, runtime):
        described = [describe(*one, runs_on, on_board) for one in named]
    facts = template_facts(described, board, choice, name or titles[0], runs_on.kernels)
    _say_where_the_arena_goes(facts["arena_place"], board)
    return with_written_files(_files(LAYOUTS[choice.framework], choice.framework, facts))


def _with_data(
    models: Sequence[Path | bytes | ModelSource], samples: Inputs | None, labels: Sequence[str]
) -> list[ModelSource]:
    return [m if isinstance(m, ModelSource) else ModelSource(m, samples, labels) for m in models]


@contextmanager
def _runtime_said(choice: Choice, asked_for: Runtime | None) -> Iterator[None]:
    """Say which runtime it is where TFLM is not to be had, and what that means for a refusal."""
    if choice.no_tflm and choice.runtime == "tflm":
        _log.warning("warning: %s; --runtime c needs none", choice.no_tflm)
    elif choice.no_tflm and asked_for is None:
        _log.info("firmware in C (--runtime c): %s", choice.no_tflm)
    try:
        yield
    except UnsupportedModelError as error:
        if choice.no_tflm and choice.runtime == "c":
            raise UnsupportedModelError(f"{error}; but {choice.no_tflm}") from error
        raise


def _say_where_the_arena_goes(place: ArenaPlace, board: Board) -> None:
    if not place.is_apart:
        return
    where = f"the arena goes to {place.memory.name}: {board.ram[0].name} has no room for it"
    where += ", and is slower there: see README.md" if place.cost else ""
    if place.is_known:
        _log.info("%s", where)
    else:
        _log.warning("warning: %s; define TENSOR_ARENA_ATTRIBUTE as the README.md says", where)


def _title(model: Path | bytes, name: str | None) -> str:
    if name is not None:
        return name
    return model_name(model) if isinstance(model, Path) else "model"


def _describe(
    source: ModelSource,
    title: str,
    prefix: str,
    runs_on: Target,
    on_board: Target,
    *,
    runtime: Runtime,
    vectors: int,
    seed: int,
) -> FirmwareModel:
    model, samples = source.model, source.samples
    graph = read_model(model)
    inputs, outputs = io_tensors(graph)
    check_supported(graph)
    content = model.read_bytes() if isinstance(model, Path) else model
    if runtime == "tflm":
        for defect in known_defects(graph, runs_on):
            _log.warning("warning: %s", defect)
    program = _program(content, graph) if runtime == "c" else None
    return FirmwareModel(
        prefix=prefix,
        title=title,
        content=content,
        sha256=graph.sha256,
        inputs=inputs,
        outputs=outputs,
        registrations=registrations(graph, runs_on.kernels),
        arena=_arena(graph, runs_on, program),
        board_arena=_arena(graph, on_board, program),
        resource_variables=count_resource_variables(graph),
        stateful=is_stateful(graph),
        starts_anew=starts_anew(graph),
        resets_itself=resets_itself(graph),
        vectors=golden_vectors(content, graph, count=vectors, seed=seed, samples=samples),
        labels=tuple(source.labels),
        program=program,
    )


def _program(content: bytes, graph: Graph) -> CProgram:
    tables = measured_tables(content, graph)
    return c_program(lower(graph, lambda node: tables[node.operator.index]))


def _arena(graph: Graph, target: Target, program: CProgram | None) -> FirmwareArena:
    if program is not None:  # planned here, the same for every core
        return FirmwareArena(program.arena_bytes, program.arena_bytes, "exact", target.kernels)
    arena = plan_for(graph, target)
    # The host's structures are those of the tflite-micro package, built with more options than a
    # library of TFLM's default build, which takes a little less.
    basis = "estimated" if target == HOST else arena.basis
    return FirmwareArena(arena.min_bytes, arena.used_bytes, basis, target.kernels)


def _files(layout: Layout, framework: str, facts: Mapping[str, Any]) -> dict[str, str | bytes]:
    files: dict[str, str | bytes] = {
        ".clang-format": render("common/clang-format", facts),
        "firmware.json": render("common/firmware.json", facts),
        SBOM_FILE: sbom(facts),
    }
    files.update(_sources(layout, "common", facts))
    model = _sources(layout, facts["runtime"], facts)
    files |= model if layout.takes_options else _with_pragma(model, facts)
    compiled = [path for path in files if path.endswith((layout.suffix, ".c"))]
    sources = sorted(Path(path).relative_to(layout.sources).as_posix() for path in compiled)
    tests = [path for path in sources if path.endswith(("golden_vectors.c", "self_test.c"))]
    lists = {
        "layout": layout,
        "sources": sources,
        "self_test_sources": tests,
        "model_sources": [path for path in sources if path not in tests],
    }
    for template in template_files(framework):
        path = template.replace("__project__", facts["project"])
        files[path] = render(f"{framework}/{template}", {**facts, **lists})
    return {path: text for path, text in files.items() if text}


def _with_pragma(files: Mapping[str, str], facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the files, of which those in C say by themselves how they are optimized."""
    begin = pragma(facts["optimize"])
    return {path: f"{begin}{text}" if path.endswith(".c") else text for path, text in files.items()}


def _sources(layout: Layout, folder: str, facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the sources of one folder of templates: those that are shared, and each model's."""
    files: dict[str, str] = {}
    for template in template_files(folder):
        stem, suffix = Path(template).stem, Path(template).suffix
        ending = f"{stem}{layout.suffix if suffix == '.cc' else suffix}"
        if template == f"{stem}{suffix}" and stem in _SHARED:
            files[f"{layout.sources}/{ending}"] = render(f"{folder}/{template}", facts)
        for model in facts["models"] if stem in _PER_MODEL else ():
            text = render(f"{folder}/{template}", {**facts, "model": model})
            files[f"{layout.sources}/{model.prefix}_{ending}"] = text
    return files | (_kernels(layout, facts) if folder == "c" else {})


def _kernels(layout: Layout, facts: Mapping[str, Any]) -> dict[str, str]:
    """Return the kernels that the models call: files of C that no template fills."""
    names = {file for model in facts["models"] for file in model.program.files}
    return {f"{layout.sources}/kernels/{name}": kernel_text(name) for name in sorted(names)}
