"""The runner's own DECODE: compiled, it gives back what was encoded, as TFLM's kernel does."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from support.firmware_tools import need
from support.tiny_models import decode

from edgecompress.board import load_board
from edgecompress.files import TEMPLATES_DIR
from edgecompress.firmware.sources.generate import generate
from edgecompress.pack.encodings.bitmap import bitmap
from edgecompress.pack.encodings.encoded import Encoded
from edgecompress.pack.encodings.huffman import huffman
from edgecompress.pack.encodings.lut import look_up_table

# What of TFLM the kernel uses.
STAND_IN = """
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
struct Dims { int size; int data[4]; };
struct TfLiteEvalTensor { union { const uint8_t* uint8; int8_t* int8; } data; Dims* dims; };
struct TfLiteNode { TfLiteEvalTensor tensors[3]; };
struct TfLiteContext { void* (*AllocatePersistentBuffer)(TfLiteContext*, size_t); };
enum TfLiteStatus { kTfLiteOk, kTfLiteError };
namespace tflite { namespace micro {
TfLiteEvalTensor* GetEvalInput(TfLiteContext*, TfLiteNode* node, int i) {
  return &node->tensors[i];
}
TfLiteEvalTensor* GetEvalOutput(TfLiteContext*, TfLiteNode* node, int) {
  return &node->tensors[2];
}
} }
static size_t g_kept = 0;
static char g_memory[256];
static void* Keep(TfLiteContext*, size_t bytes) { g_kept += bytes; return g_memory; }
"""
MAIN = """
int main() {
  for (Case& each : kCases) {
    Dims length = {1, {each.ancillary_bytes}};
    TfLiteContext context = {Keep};
    TfLiteNode node = {
        {{{each.codes}, nullptr}, {{each.ancillary}, &length}, {{nullptr}, &each.dims}}};
    static int8_t values[1 << 16];
    node.tensors[2].data.int8 = values;
    g_kept = 0;
    if (PrepareDecode(&context, &node) || Decode(&context, &node)) return 1;
    printf("%zu", g_kept / sizeof(void*));
    for (int i = 0; i < each.count; ++i) printf(" %d", values[i]);
    printf("\\n");
  }
}
"""
STATE_WORDS = {0: 9, 1: 7, 2: 10}  # of TFLM's own kernel; see `memory.arena.kernels.shapes`


def c_bytes(content: bytes) -> str:
    return ", ".join(map(str, content))


def decoded_by_c(cases: list[tuple[Encoded, np.ndarray]], folder: Path) -> list[list[int]]:
    """Return for each case the words that were kept, then the values."""
    kernel = (TEMPLATES_DIR / "tflm" / "decode.inc").read_text()
    arrays, rows = [], []
    for number, (encoded, values) in enumerate(cases):
        arrays += [
            f"alignas(4) static const uint8_t k{name}{number}[] = {{{c_bytes(content)}}};"
            for name, content in (("Codes", encoded.codes), ("How", encoded.ancillary))
        ]
        dims = c_bytes(values.shape)  # type: ignore[arg-type]
        rows.append(
            f"{{kCodes{number}, kHow{number}, {len(encoded.ancillary)}, "
            f"{{{values.ndim}, {{{dims}}}}}, {values.size}}},"
        )
    table = (
        "struct Case { const uint8_t* codes; const uint8_t* ancillary; int ancillary_bytes; "
        "Dims dims; int count; };\nstatic Case kCases[] = {" + "\n".join(rows) + "};"
    )
    source, program = folder / "decode.cc", folder / "decode"
    source.write_text("\n".join([STAND_IN, kernel, *arrays, table, MAIN]))
    flags = ["-std=c++17", "-Wall", "-Wextra", "-Werror", "-fsanitize=address,undefined"]
    subprocess.run(["g++", *flags, source, "-o", program], check=True)
    lines = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    return [[int(word) for word in line.split()] for line in lines.splitlines()]


def random_cases() -> list[tuple[Encoded, np.ndarray]]:
    random, cases = np.random.default_rng(0), []
    for shape in ((7, 3), (33,), (5, 3, 3, 4), (1, 3, 3, 10), (16, 65), (6, 2, 2, 6)):
        for different in (2, 5, 16, 90, 500):
            for zeros in (0.0, 0.8):
                allowed = np.unique(random.normal(0, 40, different).clip(-128, 127).astype(np.int8))
                values = random.choice(allowed, shape) * (random.random(shape) >= zeros)
                values = values.astype(np.int8)
                tables = [(1, 0), (shape[0], 0)]
                tables += [(shape[-1], len(shape) - 1)] if shape[0] != shape[-1] else []
                found = [bitmap(values), huffman(values)]
                found += [look_up_table(values, *one) for one in tables]
                cases += [(encoded, values) for encoded in found if encoded]
    return cases


def test_it_decodes_what_is_encoded_and_keeps_as_much_as_tflms_own(tmp_path: Path) -> None:
    need("g++")
    cases = random_cases()
    assert {encoded.encoding for encoded, _ in cases} == {"bitmap", "Huffman", "look-up table"}
    for (encoded, values), (words, *decoded) in zip(
        cases, decoded_by_c(cases, tmp_path), strict=True
    ):
        assert decoded == values.ravel().tolist(), (encoded.encoding, values.shape)
        assert words == 1 + STATE_WORDS[encoded.ancillary[0]]


@pytest.mark.parametrize("framework", ["cmake", "host", "zephyr"])
def test_the_runner_brings_it_and_tells_tflms_resolver(framework: str) -> None:
    board = load_board("nucleo_f401re" if framework != "cmake" else "mps2_an386")
    files = generate([decode("prune")], board, framework, runtime="tflm")
    runner = next(str(text) for path, text in files.items() if path.endswith("model_runner.cc"))
    assert 'resolver->AddCustom("TFLM_DECODE", &decode);' in runner
    assert "RegisterOp(nullptr, PrepareDecode, Decode)" in runner
    assert "AddDecode" not in runner
