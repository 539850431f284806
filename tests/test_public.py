"""`import edgecompress`: what it offers, and what it costs."""

import subprocess
import sys

import pytest

import edgecompress


@pytest.mark.parametrize("name", [name for name in edgecompress.__all__ if name != "__version__"])
def test_public_functions_are_functions(name: str) -> None:
    """Also after the packages of similar names have been imported."""
    import edgecompress.memory
    import edgecompress.side_by_side

    assert callable(getattr(edgecompress, name))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'deploy'"):
        edgecompress.deploy  # noqa: B018


def test_fit_from_python_starts_no_tensorflow() -> None:
    code = "import sys, edgecompress; edgecompress.fit; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
