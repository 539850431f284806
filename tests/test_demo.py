"""`edgecompress demo`, and what the README shows of it."""

import re

import pytest
from support import REPOSITORY

from edgecompress.report.write import OUTPUTS


@pytest.mark.slow
def test_the_demo_ends_as_the_readme_shows(cli, tmp_path) -> None:
    code, stdout, stderr = cli("demo", "-o", tmp_path / "out")
    assert code == 0, stderr
    assert all((tmp_path / "out" / name).exists() for name in OUTPUTS)
    readme = (REPOSITORY / "README.md").read_text()
    shown = re.search(r"<!-- demo output -->\n```text\n(.*?)```", readme, re.DOTALL)
    assert shown is not None
    assert _shape(stdout) == _shape(shown[1])


def _shape(output: str) -> list[str]:
    """The words of each line: the figures differ a little from one processor to another."""
    text = re.sub(r"Written to \S+", "Written to", output)
    text = text.replace("better", "worse")
    return [re.sub(r"[\d,.% ]+", " ", line).strip() for line in text.splitlines()]
