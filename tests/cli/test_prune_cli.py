"""`edgecompress prune`, as a user runs it."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from edgecompress.cli import main
from edgecompress.keras_files.model import import_keras, load_keras, save_keras

keras = import_keras()
layers = keras.layers


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A trained model and its data: three classes by where an image is bright."""
    folder = tmp_path_factory.mktemp("prune")
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 300)
    x = rng.normal(0, 0.3, (300, 8, 8, 2)).astype("float32")
    for image, label in zip(x, y, strict=True):
        image[label * 3 : label * 3 + 2] += 1
    np.savez(folder / "data.npz", x=x, y=y)
    keras.utils.set_random_seed(0)
    start = keras.Input((8, 8, 2))
    t = layers.Conv2D(16, 3, activation="relu", name="conv")(start)
    t = layers.LayerNormalization(name="norm")(layers.Conv2D(8, 1, name="held")(t))
    t = layers.Dense(24, activation="relu", name="hidden")(layers.Flatten()(t))
    model = keras.Model(start, layers.Dense(3, activation="softmax", name="classes")(t))
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=6, verbose=0)
    save_keras(model, folder / "model.keras")
    return folder


def run(capsys, *words):
    """Run the command line; return exit code, stdout and stderr."""
    with pytest.raises(SystemExit) as ended:
        main(["prune", *map(str, words)])
    output = capsys.readouterr()
    return ended.value.code or 0, output.out, output.err


def test_surgery_alone_needs_no_data_and_reports_every_group(files, tmp_path, capsys):
    out = tmp_path / "small.keras"
    code, stdout, _ = run(
        capsys, files / "model.keras", "-o", out, "--epochs", 0, "--rate", 0.5, "--json"
    )
    assert code == 0
    facts = json.loads(stdout)
    pruned = load_keras(out)
    kept = {group["name"]: (group["channels"], group["kept"]) for group in facts["groups"]}
    assert kept == {"conv": (16, 8), "held": (8, 8), "hidden": (24, 12), "classes": (3, 3)}
    assert pruned.get_layer("conv").filters == 8
    frozen = {group["name"]: group["frozen"] for group in facts["groups"] if group["frozen"]}
    assert frozen == {
        "held": "norm (LayerNormalization) mixes them", "classes": "model output classes"
    }  # fmt: skip
    assert facts["parameters"]["after"] == pruned.count_params() < facts["parameters"]["before"]
    assert facts["macs"]["after"] < 0.6 * facts["macs"]["before"]
    assert facts["note"] is None


def test_training_after_surgery_wins_accuracy_back(files, tmp_path, capsys):
    accuracy = {}
    for epochs in (0, 4):
        code, stdout, _ = run(
            capsys, files / "model.keras", "--data", files / "data.npz", "--rate", 0.75,
            "--score", "random", "--epochs", epochs, "--batch-size", 16, "--json",
            "-o", tmp_path / f"{epochs}.keras",
        )  # fmt: skip
        assert code == 0
        facts = json.loads(stdout)
        accuracy[epochs] = facts["validation_after"]["accuracy"]
    assert facts["validation_before"]["accuracy"] > 0.9
    assert accuracy[4] > accuracy[0]
    assert accuracy[4] > 0.9


def test_zeros_are_reported_with_what_they_do_not_save(files, tmp_path, capsys):
    out = tmp_path / "sparse.keras"
    code, stdout, stderr = run(
        capsys, files / "model.keras", "--data", files / "data.npz", "--method", "importance",
        "--rate", 0.8, "--epochs", 2, "-o", out,
    )  # fmt: skip
    assert code == 0
    assert "zeros save no byte of flash or RAM and no time by themselves" in stderr
    assert "hidden" in stdout
    kernel = load_keras(out).get_layer("hidden").get_weights()[0]
    assert (kernel == 0).mean() == pytest.approx(0.8, abs=0.01)


def test_the_same_seed_writes_the_same_file(files, tmp_path, capsys):
    words = ["--data", files / "data.npz", "--epochs", 1, "--seed", 5]
    for name, score in (("a.keras", "auto"), ("b.keras", "taylor")):
        chosen = [*words, "--score", score, "-o", tmp_path / name]
        assert run(capsys, files / "model.keras", *chosen)[0] == 0
    assert (tmp_path / "a.keras").read_bytes() == (tmp_path / "b.keras").read_bytes()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give --data, or --epochs 0"),
        (["--epochs", "0", "--score", "taylor"], "give --data, or --score l1 or l2"),
        (["--epochs", "0", "--method", "threshold"], "needs a threshold (--threshold)"),
        (["--epochs", "0", "--rate", "1.0"], "--rate"),
        (["--epochs", "0", "--score", "luck"], "--score"),
    ],
)
def test_wrong_options_end_in_2_with_one_message(files, tmp_path, capsys, words, message):
    code, stdout, stderr = run(capsys, files / "model.keras", "-o", tmp_path / "o.keras", *words)
    assert code == 2
    assert message in stderr
    assert "Traceback" not in stderr + stdout
    assert not (tmp_path / "o.keras").exists()


def test_a_missing_model_ends_in_3_and_existing_output_in_2(files, tmp_path, capsys):
    missing = run(capsys, tmp_path / "no.keras", "-o", tmp_path / "o.keras", "--epochs", 0)
    assert missing[0] == 3
    assert "no such file" in missing[2]
    out = tmp_path / "there.keras"
    out.write_text("mine")
    existing = run(capsys, files / "model.keras", "-o", out, "--epochs", 0)
    assert (existing[0], out.read_text()) == (2, "mine")
    forced = run(capsys, files / "model.keras", "-o", out, "--epochs", 0, "--force")
    assert forced[0] == 0
    assert out.read_bytes()[:2] == b"PK"


def test_help_documents_every_option():
    from edgecompress.cli.prune import command

    result = CliRunner().invoke(command, ["--help"])
    assert result.exit_code == 0
    for parameter in command.params:
        if parameter.param_type_name == "option":
            assert parameter.help, parameter.name
