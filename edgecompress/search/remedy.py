"""The step of a run that takes back what int8 rounding costs, without training."""

from collections.abc import Sequence

from edgecompress.quantize.remedies import JUDGED_SAMPLES, requantize
from edgecompress.search.attempt import Attempt, Candidate, Job, best_attempt
from edgecompress.search.packing import pack_to_fit
from edgecompress.search.steps import judged, largest_error


def remedy_rounding(job: Job, attempts: Sequence[Attempt], why: str) -> Attempt:
    """Quantize the best attempt by the simplest remedy that brings it nearest to float."""
    best = best_attempt(job, attempts)
    remedied = requantize(
        best.model,
        job.train.x,
        job.validation.sample(JUDGED_SAMPLES, job.recipe.seed).x,
        samples=job.recipe.calibration_samples,
        input_normalization=job.recipe.input_normalization,
        seed=job.recipe.seed,
    )
    because = f"{why}, {largest_error(job, best)}. {remedied}"
    candidate = Candidate("remedy", because, remedied.model, remedied.tflite, best.notes)
    return judged(job, pack_to_fit(job, candidate))
