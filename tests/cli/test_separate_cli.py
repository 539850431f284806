"""`edgecompress separate`, as a user runs it."""

import json

from edgecompress.keras_files.model import load_keras


def test_without_training_it_is_surgery_alone(digits_files, tmp_path, cli) -> None:
    out = tmp_path / "parts.keras"
    code, stdout, _ = cli(
        "separate", digits_files / "digits.keras", "-o", out, "--epochs", 0, "--json"
    )
    facts = json.loads(stdout)
    assert code == 0
    before, after = facts["rows"]
    assert load_keras(out).count_params() == after["parameters"] < before["parameters"]
    assert after["multiply-accumulates"] < before["multiply-accumulates"]
    assert all(0 < part["lost"] < 1 and part["rank"] == 1 for part in facts["separated"])


def test_training_wins_back_what_was_lost(digits_files, tmp_path, cli) -> None:
    model, data = digits_files / "digits.keras", digits_files / "digits.npz"
    accuracy = {}
    for epochs in (0, 6):
        code, stdout, _ = cli(
            "separate", model, "--data", data, "-o", tmp_path / f"{epochs}.keras",
            "--epochs", epochs, "--json",
        )  # fmt: skip
        assert code == 0
        accuracy[epochs] = json.loads(stdout)["rows"][1]["accuracy"]
    assert accuracy[6] > max(accuracy[0], 0.9)


def test_a_layer_that_cannot_be_separated_is_named(digits_files, tmp_path, cli) -> None:
    out = tmp_path / "parts.keras"
    code, _, stderr = cli(
        "separate", digits_files / "digits.keras", "-o", out, "--epochs", 0, "--layer", "nonsense"
    )
    assert code == 2
    assert "nonsense cannot be separated" in stderr
    assert not out.exists()
