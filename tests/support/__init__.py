"""What tests share: where things are, and models made in code."""

from pathlib import Path

TESTS = Path(__file__).parent.parent
REPOSITORY = TESTS.parent
DATA = TESTS / "data"
GOLDEN = TESTS / "golden"
