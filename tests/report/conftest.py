import json

import pytest


@pytest.fixture(scope="session")
def small_run(digits_files, tmp_path_factory):
    """The folder of a run that cut channels and trained, and its report.json."""
    from edgecompress.cli import main

    folder = tmp_path_factory.mktemp("small")
    recipe, out = folder / "short.toml", folder / "out"
    recipe.write_text("max_epochs = 6\nbatch_size = 64\ntrials = 0\n")
    words = (
        "compress", digits_files / "digits.keras", "--board", "nucleo_f401re", "--runtime", "tflm",
        "--framework", "zephyr", "--data", digits_files / "digits.npz", "-o", out,
        "--recipe", recipe, "--max-model-bytes", "6500", "--max-accuracy-drop", "100",
        "--time-budget", "20m",
    )  # fmt: skip
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    assert not ended.value.code
    return out, json.loads((out / "report.json").read_text())
