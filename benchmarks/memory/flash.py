"""Flash of the TFLM runtime: predicted against linked, one row per model and core.

    python benchmarks/memory/flash.py

The linked figures are those of tests/data/linked_firmware.json (its provenance says how).
"""

import json
from pathlib import Path

from edgecompress.memory.flash import runtime_bytes

RECORDS = Path(__file__).parents[2] / "tests" / "data" / "linked_firmware.json"
# Linked with int8-only registrations on a Cortex-M4F, same commit, compiler and flags.
_KWS = ("AVERAGE_POOL_2D", "CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "SOFTMAX")
_RESNET = ("ADD", "AVERAGE_POOL_2D", "CONV_2D", "FULLY_CONNECTED", "SOFTMAX")
NARROW = (
    ("kws_dscnn_int8", (*(f"{op}@INT8" for op in _KWS), "RESHAPE"), 52_572),
    ("ic_resnet8_int8", (*(f"{op}@INT8" for op in _RESNET), "RESHAPE"), 50_376),
    ("ad_autoencoder_int8", ("FULLY_CONNECTED@INT8",), 27_236),
)


def main() -> None:
    """Print the table and the largest error."""
    rows = [
        (Path(r["model"]).stem, r["core"], "default", r["operators"], r["kernels"],
         r["flash_tflm_and_libs_bytes"])
        for r in json.loads(RECORDS.read_text())["records"]
    ]  # fmt: skip
    rows += [(model, "cortex-m4f", "narrow", ops, "cmsis-nn", size) for model, ops, size in NARROW]
    worst = 0.0
    print(f"{'model':28}{'core':16}{'registered':12}{'linked':>9}{'predicted':>11}{'error':>9}")
    for model, core, kind, operators, kernels, linked in rows:
        predicted = runtime_bytes(list(operators), core, kernels)
        error = predicted / linked - 1
        worst = max(worst, abs(error))
        print(f"{model:28}{core:16}{kind:12}{linked:9,}{predicted:11,}{error:9.2%}")
    print(f"largest error {worst:.2%} of {len(rows)} records")


if __name__ == "__main__":
    main()
