"""`edgecompress compress`: the main job."""

from pathlib import Path
from typing import Any

import click

from edgecompress.cli import print_json
from edgecompress.cli.input.options import BoardName, OneOf, custom_objects_choice, framework_option
from edgecompress.cli.input.sizes import Size, reserve_options
from edgecompress.recipe import PICKS, RUNTIMES, WEIGHT_BITS


@click.command()
@click.argument("model", required=False)
@click.option("--board", type=BoardName(), help="Board id, or path of a profile.")
@click.option(
    "--data",
    help=".npz, folder of images, .csv or package.module:function; for several inputs or outputs "
    "an array for each, named for its layer. Trained, calibrated and chosen on its training part; "
    "its test part is used once, at the end.",
)
@click.option(
    "-o",
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default="out",
    show_default=True,
    help="Folder to write model, firmware, report and recipe to.",
)
@click.option(
    "--max-accuracy-drop",
    type=float,
    metavar="POINTS",
    help="Accuracy that may be lost on the test split against the float original (per cent more "
    "error where the task has no accuracy).  [default: 1.0]",
)
@click.option(
    "--time-budget",
    metavar="TIME",
    help="As 90s, 25m or 1h30m; a guide. A resumed run has all of it again.  [default: 25m]",
)
@click.option(
    "--max-model-bytes", type=Size(1), metavar="BYTES", help="Tighter limit on the .tflite."
)
@click.option(
    "--max-arena-bytes", type=Size(1), metavar="BYTES", help="Tighter limit on the tensor arena."
)
@reserve_options
@click.option(
    "--weight-bits",
    type=OneOf(WEIGHT_BITS),
    help="The fewest bits of a weight. 4: large kernels of convolutions and dense layers may be "
    "int4, which TFLM runs on int8 activations, if int8 clearly loses more; 8: never.  "
    "[default: 4]",
)
@click.option(
    "--pick",
    type=OneOf(PICKS),
    help="Which of the models that fit: the most accurate; or, of those that keep their accuracy "
    "on the validation split, the one of least file size, arena or multiply-accumulates, which is "
    "searched for unless --trials is 0.  [default: accuracy]",
)
@click.option(
    "--trials",
    type=int,
    help="Trials of a search over widths, scores and training settings; 0 for none.  [default: as "
    "many as half of the time left allows, 100 at most, if pruning and training fall short]",
)
@click.option(
    "--storage",
    metavar="URL",
    help="Database of the trials, as Optuna takes it (postgresql://user@host/database): runs that "
    "name the same one share them, on any number of machines. "
    "[default: a file in the output folder]",
)
@click.option(
    "--no-input-normalization",
    "input_normalization",
    flag_value=False,
    type=bool,
    default=None,
    help="Leave the normalization of inputs in the integer graph; see `quantize --help`.",
)
@framework_option("Build system of the firmware.  [default: the board's own]")
@click.option(
    "--optimize",
    type=OneOf(["speed", "size"]),
    help="What firmware of the C runtime is compiled for; see `generate --help`.  [default: speed]",
)
@click.option(
    "--runtime",
    type=OneOf(RUNTIMES),
    help="What the firmware runs the model with, and its memory is judged for: TFLM, or kernels in "
    "C that come with the project, with the same outputs.  [default: tflm where the framework has "
    "it for the board]",
)
@click.option(
    "--pixels",
    type=OneOf(["auto", "0..255", "0..1", "-1..1"]),
    help="Range the model takes pixels of images in.  [default: auto, by what scores best]",
)
@click.option("--seed", type=int, help="Of every random choice.  [default: 0]")
@click.option(
    "--recipe",
    type=click.Path(dir_okay=False, path_type=Path),
    help="An edgecompress.toml; options given here win over it.  [default: the one in the current "
    "folder, if MODEL, --board or --data is not given]",
)
@click.option(
    "--resume",
    is_flag=True,
    help="Go on with an interrupted or killed run in the same folder, to the same result; with "
    "nothing to go on from, begin.",
)
@click.option("--force", is_flag=True, help="Overwrite the files of an earlier run.")
@click.option("--json", "as_json", is_flag=True, help="Print the facts of report.json.")
@custom_objects_choice
def command(
    *,
    out: Path,
    recipe: Path | None,
    resume: bool,
    force: bool,
    storage: str | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Prune, distil and quantize MODEL until it fits the board and keeps its accuracy.

    MODEL is a Keras model: .keras, .h5 or a SavedModel folder; without it, that of the
    edgecompress.toml in the current folder, which `edgecompress init` writes. What is done is the
    least that reaches the goal: a model that fits as it is gets quantized and nothing more.

    Exit code 4: accuracy fell more than allowed; 5: nothing fits the board. The closest result is
    kept in both cases.

    Ctrl-C or SIGTERM ends the run with the best so far, written as ever; a second one ends it at
    once (exit code 130). --resume goes on either way.
    """
    from edgecompress.recipe import load_recipe, recipe_here
    from edgecompress.train.interruption import interruptible

    choices = load_recipe(recipe or recipe_here(options), options)
    with interruptible() as interruption:
        from edgecompress.pipeline import compress, raise_for_outcome
        from edgecompress.report.terminal import print_outcome

        outcome = compress(
            choices,
            out,
            force=force,
            resume=resume,
            interruption=interruption,
            storage=storage,
        )
    if as_json:
        print_json(outcome.facts)
    else:
        print_outcome(outcome.facts, out)
    raise_for_outcome(outcome)
