"""Every error a user can cause, with the exit code the command line ends in.

EdgecompressError        1  an internal failure
  UsageError             2  a wrong option or combination of options
    BoardError           2  unknown board, or a profile that breaks the rules
    DataError            2  data that is missing, empty or of the wrong shape
    RecipeError          2  an edgecompress.toml that breaks the rules
    OutputExistsError    2  a file of the user's is in the way
  ModelError             3  a model that cannot be read
    ConversionError      3  the converter refused or crashed
    UnsupportedModelError 3  TFLM cannot run it
  AccuracyError          4  accuracy fell more than allowed
  DoesNotFitError        5  flash or RAM is too small
  ToolError              6  an outside tool is missing or failed
    DiskFullError        6  no room is left for what is to be written
  InterruptedRunError  130  Ctrl-C or SIGTERM before there was a result
"""

from collections.abc import Iterable
from difflib import get_close_matches

# What Python raises over facts that were read from a file and are not of the form they should be.
MALFORMED = (
    ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
)  # fmt: skip
_LEAST_PART = 3  # letters that are enough to recognise a longer word by
_MOST_MATCHES = 5


class EdgecompressError(Exception):
    """Base of all errors; the message says what is wrong, where, and what to do."""

    exit_code = 1


class UsageError(EdgecompressError):
    """The command was asked for something it does not offer."""

    exit_code = 2


class BoardError(UsageError):
    """A board is unknown, or its profile breaks the rules."""


class DataError(UsageError):
    """Data is missing, empty, unreadable or of the wrong shape."""


class RecipeError(UsageError):
    """A recipe file breaks the rules."""


class OutputExistsError(UsageError):
    """A file of the user's would be overwritten."""


class ModelError(EdgecompressError):
    """A model cannot be read."""

    exit_code = 3


class ConversionError(ModelError):
    """The TFLite converter refused the model, or crashed on it."""


class UnsupportedModelError(ModelError):
    """TFLM cannot run the model."""


class AccuracyError(EdgecompressError):
    """Accuracy fell by more than the user allows."""

    exit_code = 4


class DoesNotFitError(EdgecompressError):
    """The model does not fit the board."""

    exit_code = 5


class ToolError(EdgecompressError):
    """A program or library outside edgecompress is missing, or failed."""

    exit_code = 6


class DiskFullError(ToolError):
    """A disk, a quota or a limit of file sizes has no room for what is to be written."""


class InterruptedRunError(EdgecompressError):
    """A run was broken off before there was a result; 128 + SIGINT, as a shell has it."""

    exit_code = 130


def close_matches(word: str, allowed: Iterable[str]) -> list[str]:
    """Return what of `allowed` has `word` in it, but for - and _, or else is spelt much like it."""
    plain = {_letters(name): name for name in allowed}
    part = _letters(word)
    holding = [name for letters, name in plain.items() if part in letters]
    if len(part) >= _LEAST_PART and holding:
        return holding[:_MOST_MATCHES]
    return [plain[letters] for letters in get_close_matches(part, plain)]


def did_you_mean(word: str, allowed: Iterable[str]) -> str:
    """Return "; did you mean a, b or c?", or "" if nothing that is allowed is like `word`."""
    *others, last = close_matches(word, allowed) or [""]
    return f"; did you mean {' or '.join(filter(None, (', '.join(others), last)))}?" if last else ""


def _letters(word: str) -> str:
    return word.lower().replace("-", "").replace("_", "")
