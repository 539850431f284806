"""The folder that a run leaves behind."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgecompress.dataset import Dataset
from edgecompress.dataset.split import arrays_of, samples_at
from edgecompress.files import write_file
from edgecompress.firmware.sources.generate import generate
from edgecompress.firmware.sources.write import remove_firmware, write_firmware
from edgecompress.keras_files.model import save_keras
from edgecompress.progress import doing
from edgecompress.recipe import recipe_toml
from edgecompress.report.html import report_html
from edgecompress.search.attempt import Attempt, Job

OUTPUTS = (
    "model.tflite",
    "model.keras",
    "firmware",
    "report.html",
    "report.json",
    "edgecompress.toml",
)
_VECTORS = 4


@doing("writing model, report and firmware")
def write_run(facts: Mapping[str, Any], job: Job, best: Attempt, data: Dataset, out: Path) -> None:
    """Write the model, its report and the recipe to `out`; firmware too, if the model fits."""
    write_file(out / "model.tflite", best.tflite)
    save_keras(best.model, out / "model.keras")
    write_file(out / "edgecompress.toml", recipe_toml(job.recipe, out))
    write_file(out / "report.html", report_html(facts))
    write_file(out / "report.json", json.dumps(facts, indent=2) + "\n")
    if best.fits:
        samples = samples_at(job.validation.x, slice(_VECTORS))
        firmware = generate(
            [best.tflite],
            job.board,
            job.recipe.framework,
            name=_firmware_name(job),
            vectors=len(arrays_of(samples)[0]),
            samples=samples,
            labels=data.labels,
            seed=job.recipe.seed,
            runtime=job.runtime,
            optimize=job.recipe.optimize,
        )
        write_firmware(out / "firmware", firmware, force=True)
    else:
        remove_firmware(out / "firmware")  # an earlier run's is not of this model


def _firmware_name(job: Job) -> str:
    """Return the name of the user's file; that of the Keras model, if the file says nothing."""
    stem, name = Path(job.recipe.model).stem, str(job.original.name)
    is_automatic = re.fullmatch(r"(model|functional|sequential)(_\d+)?", name)
    return name if stem in ("model", "saved_model") and not is_automatic else stem
