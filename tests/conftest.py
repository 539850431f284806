import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder of reference models and measurements that stands beside a checkout."""
    folder = Path(os.environ.get("EDGECOMPRESS_SHARED", REPOSITORY.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(
            f"no reference models at {folder.name}/ beside the checkout; "
            "set EDGECOMPRESS_SHARED to the folder that holds models/ and truth/"
        )
    return folder
