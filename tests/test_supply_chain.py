"""Dependencies have bounds, and the audit of them says what it could not do."""

import sys

import pytest
from packaging.requirements import Requirement
from support import REPOSITORY
from support.firmware_tools import script

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# Without an upper bound: numbered by date, or a promise to stay compatible; pyproject.toml says so.
WITHOUT_UPPER = {"flatbuffers", "pillow", "tflite-micro"}


@pytest.fixture
def audit():
    return script(".ci/audit.py")


def test_every_dependency_is_bounded():
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    bounds = {
        wanted.name: {specifier.operator for specifier in wanted.specifier}
        for wanted in map(Requirement, project["dependencies"])
    }
    assert all(">=" in operators for operators in bounds.values())
    assert {name for name, operators in bounds.items() if "<" not in operators} == WITHOUT_UPPER


def test_an_audit_that_asks_nobody_says_so(audit, monkeypatch, capsys):
    unknown = [{"name": "numpy", "skip_reason": "not found"}]
    answers = {"pypi": unknown, "osv": []}
    monkeypatch.setattr(audit, "ask", answers.get)
    assert audit.main() == 0
    assert "NOT AUDITED" in capsys.readouterr().out


def test_known_vulnerabilities_fail_the_audit(audit, monkeypatch, capsys):
    sound = {"name": "numpy", "version": "2.0", "vulns": []}
    bad = {"name": "pillow", "version": "9.0", "vulns": [{"id": "CVE-2023-50447"}]}
    monkeypatch.setattr(audit, "ask", {"pypi": [], "osv": [sound, bad]}.get)
    assert audit.main() == 1
    assert "pillow 9.0: CVE-2023-50447" in capsys.readouterr().out
    monkeypatch.setattr(audit, "ask", {"pypi": [sound]}.get)
    assert audit.main() == 0
    assert "1 packages audited, 0 with" in capsys.readouterr().out
