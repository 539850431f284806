"""firmware.json, read back: whatever became of it, it is read or refused."""

import json
from random import Random

import pytest
from support import tiny_models
from support.changed_facts import changed

from edgecompress.errors import UsageError
from edgecompress.firmware.sources.project import FACTS_FILE, read_project


@pytest.mark.parametrize(
    "words", [("--runtime", "c"), ("--runtime", "tflm"), ("--framework", "host")]
)
def test_changed_facts_are_read_or_refused(words, tmp_path, cli):
    model, out, random = tmp_path / "m.tflite", tmp_path / "out", Random(0)  # noqa: S311
    model.write_bytes(tiny_models.dense((1, 8), 4))
    assert cli("generate", model, "--board", "mps2_an386", "-o", out, *words)[0] == 0
    facts = json.loads((out / FACTS_FILE).read_text())
    del facts["files"]  # which read_project does not look at
    refused = 0
    for _ in range(400):
        what, other = changed(facts, random)
        (out / FACTS_FILE).write_text(json.dumps(other))
        try:
            project = read_project(out)
        except UsageError:
            refused += 1
            continue
        assert type(project.arena_bytes) is int, what
        assert all(type(model.vectors) is int for model in project.models), what
    assert refused > 100


@pytest.mark.parametrize("image", ["../m.elf", "m\0.elf", ""])
def test_an_image_outside_the_build_folder_is_refused(image, tmp_path, cli):
    model, out = tmp_path / "m.tflite", tmp_path / "out"
    model.write_bytes(tiny_models.dense((1, 8), 4))
    assert cli("generate", model, "--board", "mps2_an386", "-o", out)[0] == 0
    facts = json.loads((out / FACTS_FILE).read_text())
    (out / FACTS_FILE).write_text(json.dumps({**facts, "image": image}))
    for command in ("build", "emulate"):
        code, _, err = cli(command, out)
        assert code == 2
        assert "firmware.json: cannot be read" in err
