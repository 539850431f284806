"""`edgecompress generate`: firmware sources for .tflite models."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgecompress.cli import print_json
from edgecompress.cli.input.options import (
    BoardName,
    OneOf,
    boards_dir_option,
    framework_option,
    json_option,
)
from edgecompress.cli.input.sizes import reserve_options

if TYPE_CHECKING:
    from edgecompress.firmware.sources.model import ModelSource, Runtime


@click.command()
@click.argument("models", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--board", type=BoardName(), required=True, help="Board id, or path of a profile.")
@click.option(
    "-o", "--out", required=True, type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write the project to.",
)  # fmt: skip
@framework_option(
    "Build system to write for; host is g++ on this machine.  [default: the board's own]"
)
@click.option("--name", help="Name of the project and, with one MODEL, of the model in C.  "
              "[default: the file's name]")  # fmt: skip
@click.option(
    "--data", multiple=True,
    help="Real samples for the test vectors: .npz, folder of images, .csv or "
    "package.module:function. Noise otherwise. Repeat it for further MODELS, in their order.",
)  # fmt: skip
@click.option(
    "--vectors", type=click.IntRange(min=1), default=4, show_default=True,
    help="Number of golden test vectors for each model.",
)  # fmt: skip
@click.option(
    "--labels", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Text file with the name of a class in each line, to be constants of the firmware. "
    "Repeat it for further MODELS, in their order.",
)  # fmt: skip
@click.option(
    "--kernels", type=OneOf(["reference", "cmsis-nn", "esp-nn"]),
    help="Kernel library TFLM was built with.  [default: the board's]",
)  # fmt: skip
@click.option(
    "--runtime", type=OneOf(["tflm", "c"]),
    help="tflm: runs on TFLM, which the project links; c: on kernels in C that come with the "
    "project, with the same outputs.  [default: tflm, or c where there is no TFLM for the board]",
)  # fmt: skip
@click.option(
    "--optimize", type=OneOf(["speed", "size"]),
    help="What the kernels of --runtime c are compiled for: -O2 or -Os.  [default: speed]",
)  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="Of the noise.")
@click.option(
    "--force", is_flag=True,
    help="Overwrite files that differ; remove unchanged ones of an earlier generation.",
)  # fmt: skip
@reserve_options
@boards_dir_option
@json_option
def command(
    *,
    models: tuple[Path, ...],
    board: str,
    out: Path,
    framework: str | None,
    name: str | None,
    data: tuple[str, ...],
    vectors: int,
    labels: tuple[Path, ...],
    kernels: str | None,
    runtime: "Runtime | None",
    optimize: str | None,
    seed: int,
    force: bool,
    reserve_ram_bytes: int | None,
    reserve_flash_bytes: int | None,
    boards_dir: Path | None,
    as_json: bool,
) -> None:
    """Write firmware sources for MODELS: .tflite files with integer inputs and outputs.

    The project holds the models as C arrays, runners with the operators they need and no others,
    a tensor arena, and a self-test on golden vectors. Several models share one arena. The same
    command writes the same files, byte for byte.
    """
    from edgecompress.board import load_board, reserving
    from edgecompress.firmware.sources.generate import generate
    from edgecompress.firmware.sources.write import write_firmware
    from edgecompress.recipe import model_name

    files = generate(
        _sources(models, data, labels, seed),
        reserving(load_board(board, boards_dir), reserve_ram_bytes, reserve_flash_bytes),
        framework,
        name,
        vectors=vectors,
        seed=seed,
        kernels=kernels,
        runtime=runtime,
        optimize=optimize,
    )
    write_firmware(out, files, force=force)
    if name is None and [model_name(model) for model in models] == ["model"]:
        click.echo("a file called model names code model, too: --name gives it another", err=True)
    if as_json:
        print_json({"folder": str(out), "files": _sizes(files)})
    click.echo(f"wrote {len(files)} files to {out}; next: see {out / 'README.md'}", err=True)


def _sources(
    models: Sequence[Path], data: Sequence[str], labels: Sequence[Path], seed: int
) -> "list[ModelSource]":
    from edgecompress.errors import UsageError
    from edgecompress.firmware.sources.model import ModelSource

    for option, values in (("--data", data), ("--labels", labels)):
        if len(values) > len(models):
            raise UsageError(f"{option} is given {len(values)} times for {len(models)} MODELS")
    return [
        ModelSource(
            model,
            None if samples is None else _samples(samples, model, seed),
            () if names is None else _labels(names, model),
        )
        for model, samples, names in zip_longest(models, data, labels)
    ]


def _labels(path: Path, model: Path) -> list[str]:
    from edgecompress.errors import UsageError
    from edgecompress.firmware.sources.model import check_labels, io_tensors
    from edgecompress.tflite.reader import read_model

    try:
        labels = path.read_text(encoding="utf-8").strip().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--labels {path}: not a text file in UTF-8: {error}") from error
    try:
        check_labels(labels, io_tensors(read_model(model))[1])
    except UsageError as error:
        raise UsageError(f"--labels {path}: {error}") from error
    return labels


def _samples(data: str, model: Path, seed: int) -> Any:
    from edgecompress.evaluate.data import data_for_tflite
    from edgecompress.tflite.reader import read_model

    read_model(model)  # for its message, should the file be missing or damaged
    dataset = data_for_tflite(model.read_bytes(), data, "auto", seed)
    return dataset.validation.x if dataset.validation.size else dataset.train.x


def _sizes(files: Mapping[str, str | bytes]) -> list[dict[str, Any]]:
    encoded = {
        path: content.encode() if isinstance(content, str) else content
        for path, content in files.items()
    }
    return [{"path": path, "bytes": len(content)} for path, content in encoded.items()]
