"""A zoo of small trained models of the kinds that people bring: what int8 costs each of them."""

from support.trained.audio import AUDIO
from support.trained.case import Case
from support.trained.images import IMAGES
from support.trained.sequences import SEQUENCES
from support.trained.tables import TABLES
from support.trained.text import TEXT

ZOO: tuple[Case, ...] = (*IMAGES, *SEQUENCES, *TABLES, *TEXT, *AUDIO)

__all__ = ["ZOO", "Case"]
