"""Data sets from every form a user has them in: arrays, images, tables, Python functions."""

from edgecompress.dataset.check import match_input
from edgecompress.dataset.labels import infer_task
from edgecompress.dataset.load import load_dataset
from edgecompress.dataset.split import Dataset, SealedSplit, Split, Task

__all__ = [
    "Dataset",
    "SealedSplit",
    "Split",
    "Task",
    "infer_task",
    "load_dataset",
    "match_input",
]
