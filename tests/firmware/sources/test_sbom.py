"""The parts of a project and their licences, as documents that CycloneDX's schema accepts."""

import hashlib
import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from support import golden_trees
from support.tflite_models import add_model, dense_model

from edgecompress.board import all_boards, load_board
from edgecompress.errors import BoardError
from edgecompress.firmware.sources import versions
from edgecompress.firmware.sources.choice import choose
from edgecompress.firmware.sources.frameworks import FRAMEWORKS
from edgecompress.firmware.sources.generate import generate
from edgecompress.firmware.sources.parts import parts_of
from edgecompress.firmware.sources.sbom import SBOM_FILE


def document(tree):
    return json.loads(golden_trees.project(tree)[SBOM_FILE])


def by_name(sbom):
    return {component["name"]: component for component in sbom["components"]}


def licence(component):
    (said,) = component["licenses"]
    return said.get("expression") or said["license"].get("id") or said["license"]["name"]


@pytest.fixture(scope="module")
def validator():
    return JsonStrictValidator(SchemaVersion.V1_6)


@pytest.mark.parametrize("tree", golden_trees.TREES)
def test_the_schema_accepts_it(validator, tree):
    assert validator.validate_str(golden_trees.project(tree)[SBOM_FILE]) is None


def test_the_schema_refuses_what_is_no_document(validator):
    damaged = {**document("host"), "serialNumber": "1"}
    assert validator.validate_str(json.dumps(damaged)) is not None


def test_every_board_and_framework_has_one_that_the_schema_accepts(validator):
    seen = 0
    for board in all_boards():
        for framework in FRAMEWORKS:
            try:
                files = generate([dense_model()], board, framework, vectors=1, runtime="c")
            except BoardError:
                continue
            assert validator.validate_str(files[SBOM_FILE]) is None, (board.id, framework)
            seen += 1
    assert seen > 100


def test_releases_are_those_that_the_project_pins():
    pico, zephyr, arduino = (by_name(document(tree)) for tree in ("pico", "zephyr", "arduino"))
    assert pico["Pico SDK"]["version"] == versions.PICO_SDK_VERSION
    assert pico["pico-tflmicro"]["version"] == versions.PICO_TFLMICRO_COMMIT
    assert zephyr["Zephyr"]["version"] in golden_trees.project("zephyr")["west.yml"]
    core = arduino["Arduino core arduino:mbed_nano"]
    assert f"arduino:mbed_nano@{core['version']}" in golden_trees.project("arduino")["README.md"]
    assert arduino["Chirale_TensorFLowLite"]["version"] == versions.CHIRALE_VERSION


def test_licences_of_what_is_linked():
    wanted = {
        "pico": {"Pico SDK": "BSD-3-Clause", "CMSIS-NN": "Apache-2.0", "FlatBuffers": "Apache-2.0"},
        "arduino": {"Arduino core arduino:mbed_nano": "LGPL-2.1-or-later"},
        "esp-idf": {"ESP-IDF": "Apache-2.0", "FreeRTOS kernel": "MIT", "ESP-NN": "Apache-2.0"},
        "cmake": {"GCC's libgcc": "GPL-3.0-or-later WITH GCC-exception-3.1"},
    }
    for tree, licences in wanted.items():
        parts = by_name(document(tree))
        assert {name: licence(parts[name]) for name in licences} == licences


@pytest.mark.parametrize("framework", golden_trees.BOARDS)
def test_firmware_in_c_links_nothing_of_tflm(framework):
    names = set(by_name(document(f"c/{framework}")))
    tflm = set(by_name(document(framework))) - names
    assert {"FlatBuffers", "gemmlowp", "ruy", "GCC's libstdc++"} <= tflm
    assert not names & {"FlatBuffers", "gemmlowp", "ruy", "CMSIS-NN", "ESP-NN", "tflite-micro"}


def test_models_are_named_with_their_hashes():
    models = [dense_model(), add_model()]
    files = generate(models, load_board("rpi_pico"), "host", vectors=1)
    found = [part for part in json.loads(files[SBOM_FILE])["components"]
             if part["type"] == "machine-learning-model"]  # fmt: skip
    hashes = [part["hashes"][0]["content"] for part in found]
    assert hashes == [hashlib.sha256(model).hexdigest() for model in models]


def test_the_serial_number_is_of_the_content():
    again, other = document("c/pico"), document("pico")
    assert again["serialNumber"] == document("c/pico")["serialNumber"]
    assert again["serialNumber"] != other["serialNumber"]
    assert "timestamp" not in json.dumps(other)


def test_parts_have_names_of_their_own():
    for board in all_boards():
        for framework in {*board.frameworks} & {*FRAMEWORKS}:
            names = [part.name for part in parts_of(board, choose(board, framework), "cmsis-nn")]
            assert len(names) == len(set(names)), (board.id, framework)


def test_verify_looks_at_its_hash():
    files = golden_trees.project("c/host")
    digest = hashlib.sha256(files[SBOM_FILE].encode()).hexdigest()
    assert json.loads(files["firmware.json"])["files"][SBOM_FILE] == digest
