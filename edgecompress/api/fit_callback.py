"""A Keras callback that says while a model is trained whether it fits a board."""

from typing import TYPE_CHECKING, Any

from edgecompress.api.functions import BoardLike, fit
from edgecompress.keras_files.model import import_keras
from edgecompress.memory.verdict.fit import Runtimes

if TYPE_CHECKING:
    from edgecompress.memory.verdict.judge import Verdict


class FitCallback(import_keras().callbacks.Callback):  # type: ignore[misc]
    """Says before training whether the model fits a board, and adds that to the logs of each epoch.

    Memory depends on the layers, and by some bytes on the weights: a file holds equal constants
    once. The model is converted when training begins and when it ends, with noise for calibration,
    and after every `every` epochs. `logs` of each epoch, and so `History`, get `fits` (0 or 1),
    `model_bytes`, `arena_bytes`, `flash_bytes` and `ram_bytes`.

    Attributes:
        verdict: the last one; None before training.
    """

    def __init__(
        self,
        board: BoardLike,
        *,
        runtime: Runtimes = "tflm",
        every: int = 0,
        stop: bool = False,
        verbose: int = 1,
    ) -> None:
        """Take a board by id, path or as it is.

        Args:
            board: what the model shall fit.
            runtime: "tflm", or "c" for kernels in C.
            every: epochs after which it is looked at again; 0: never.
            stop: end training if the model does not fit.
            verbose: 1 prints the verdict and what is too large, 0 does not.
        """
        super().__init__()
        self.verdict: Verdict | None = None
        self._board, self._runtime = board, runtime
        self._every, self._stop, self._verbose = every, stop, verbose
        self._figures: dict[str, float] = {}
        self._is_fresh = False

    def on_train_begin(self, logs: Any = None) -> None:
        """Judge the model."""
        del logs
        self._judge()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Judge the model again, if it is time, and add the figures to the epoch's."""
        if self._every and (epoch + 1) % self._every == 0:
            self._judge()
        if logs is not None:
            logs.update(self._figures)
        if self._stop and not self._figures["fits"]:
            self.model.stop_training = True

    def on_train_end(self, logs: Any = None) -> None:
        """Judge the model as it is trained."""
        del logs
        if not self._is_fresh:
            self._judge()

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        """Remember that the weights change."""
        del batch, logs
        self._is_fresh = False

    def _judge(self) -> None:
        judged = fit(self.model, self._board, runtime=self._runtime)
        self.verdict = verdict = judged.verdicts[0]
        self._figures = {
            "fits": float(verdict.fits),
            "model_bytes": judged.model.bytes,
            "arena_bytes": verdict.arena.min_bytes,
            "flash_bytes": verdict.flash.used_bytes,
            "ram_bytes": verdict.ram.arena.used_bytes,
        }
        self._is_fresh = True
        if self._verbose:
            for line in (judged.in_words(), *verdict.problems, *verdict.suggestions):
                print(line)  # noqa: T201 - as Keras reports the progress of training
