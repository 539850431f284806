"""Generated firmware on random inputs, watched by AddressSanitizer and UndefinedBehaviorSanitizer.

    nice python benchmarks/robustness/sanitizers.py [--inputs 1000] [--tflm FOLDER] [--only NAME...]

Each model of the tests' zoo becomes a project of the framework host, with an arena of exactly the
size it needs, and is compiled with gcc together with a program that uses its API wrongly first and
then runs the inputs: half over the range that the model was made for, half of random bits. The
first answers are compared with those of TFLM's interpreter. The runtime is C, or with --tflm TFLM,
linked with a library for this machine that was compiled with the sanitizers too. Ends with 1 if a
program says anything, answers otherwise or ends otherwise.
"""

import argparse
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from support.c_runtime import noise
from support.zoo import ZOO

from edgecompress.board import load_board
from edgecompress.errors import UnsupportedModelError
from edgecompress.files import write_tree
from edgecompress.firmware.sources.generate import generate
from edgecompress.firmware.sources.model import Runtime
from edgecompress.firmware.sources.vectors import starts_anew
from edgecompress.firmware.toolchain.tflm import Tflm, find_tflm
from edgecompress.tflite.graph import Graph
from edgecompress.tflite.interpreter import run, run_sequence
from edgecompress.tflite.reader import read_model

SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g1", "-O1", "-w")
COMPARED = 20  # of the inputs that the model was made for
# TFLM's DIV shifts by more bits than there are, and answers as the processor does then.
NOT_COMPARED = {"div"}
_PATIENCE_SECONDS = 600

Values = Sequence[NDArray[Any]]


def main() -> int:
    """Run all, print what failed and the counts, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=1000)
    parser.add_argument("--tflm", type=Path, help="with a sanitized library for the host")
    parser.add_argument("--only", nargs="*", default=sorted(ZOO), metavar="NAME")
    arguments = parser.parse_args()
    tflm = find_tflm(arguments.tflm) if arguments.tflm else None
    runtime: Runtime = "tflm" if tflm else "c"
    said = Counter[str]()
    for name in arguments.only:
        try:
            compared = 0 if name in NOT_COMPARED else COMPARED
            verdict = check(ZOO[name](), runtime, tflm, arguments.inputs, compared) or "clean"
        except UnsupportedModelError as error:
            verdict = f"not of this runtime: {error}"
        said[verdict.partition(":")[0]] += 1
        print(f"{name}: {verdict}", flush=True)
    print(f"{runtime}, {arguments.inputs:,} inputs for each model:", dict(said))
    return 1 if set(said) - {"clean", "not of this runtime"} else 0


def check(
    model: bytes, runtime: Runtime, tflm: Tflm | None, count: int, compared: int = COMPARED
) -> str:
    """Return what is wrong with the firmware of a model on `count` inputs, "" if nothing is."""
    with tempfile.TemporaryDirectory() as folder:
        program = _compiled(model, runtime, tflm, Path(folder))
        inputs = inputs_for(model, count)
        given = b"".join(one[row].tobytes() for row in range(count) for one in inputs)
        try:
            ended = subprocess.run(
                [program], input=given, capture_output=True, check=False, timeout=_PATIENCE_SECONDS
            )
        except subprocess.TimeoutExpired:
            return f"not ended within {_PATIENCE_SECONDS} s"
    if ended.returncode or ended.stderr:
        return f"exit code {ended.returncode}: {ended.stderr.decode(errors='replace')[:2000]}"
    return _differs(model, inputs, ended.stdout, compared)


def inputs_for(model: bytes, count: int) -> Values:
    """Return inputs [count, ...] for each of the model's: first those of its range."""
    half = (count + 1) // 2
    random = np.random.default_rng(1)
    return [
        np.concatenate([sound, _bits(sound[: count - half], random)])
        for sound in noise(model, half)
    ]


def _bits(like: NDArray[Any], random: np.random.Generator) -> NDArray[Any]:
    if like.dtype == np.bool_:  # C knows two values of it
        return random.integers(0, 2, like.shape).astype(np.bool_)
    return np.frombuffer(random.bytes(like.nbytes), like.dtype).reshape(like.shape)


def _compiled(model: bytes, runtime: Runtime, tflm: Tflm | None, folder: Path) -> Path:
    files = generate([model], load_board("mps2_an386"), "host", "net", vectors=1, runtime=runtime)
    write_tree(folder, files, force=True)
    sources = folder / "src"
    (sources / "main.c").write_text(_program(read_model(model), files["src/net_model_runner.h"]))
    kept = [p for p in sources.rglob("*.c") if "self_test" not in p.name and "golden" not in p.name]
    objects = [_object("gcc", "-std=c11", path, sources, ()) for path in kept]
    linked: list[str] = []
    if tflm:
        options = [f"-D{name}" for name in tflm.defines]
        options += [f"-isystem{path}" for path in tflm.include_dirs]
        options += ["-fno-exceptions", "-fno-rtti"]
        cpp = sources.glob("*.cc")
        objects += [_object("g++", "-std=c++17", path, sources, options) for path in cpp]
        linked = [str(tflm.library("host", "reference"))]
    program = folder / "net"
    _run("g++" if tflm else "gcc", *SANITIZERS, *objects, *linked, "-lm", "-o", program)
    return program


def _object(compiler: str, standard: str, path: Path, include: Path, more: Sequence[str]) -> str:
    compiled = f"{path}.o"
    _run(compiler, standard, *SANITIZERS, f"-I{include}", *more, "-c", path, "-o", compiled)
    return compiled


def _run(*command: object) -> None:
    done = subprocess.run([str(word) for word in command], capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr.decode())


def _program(graph: Graph, header: str | bytes) -> str:
    """Return a program that reads inputs from stdin and writes the outputs to stdout."""
    main = graph.main
    ins, outs = ([graph.main.tensors[i] for i in ends] for ends in (main.inputs, main.outputs))
    reads = [f"fread(net_input({i}), {t.size_bytes}, 1, stdin) == 1" for i, t in enumerate(ins)]
    writes = [f"fwrite(net_output({i}), {t.size_bytes}, 1, stdout);" for i, t in enumerate(outs)]
    wrong = [f"net_input({len(ins)})", f"net_output({len(outs)})", "net_input((size_t)-1)"]
    nulls = [
        f"net_set_input{i}(NULL) != {{}}"
        for i in range(len(ins))
        if f"net_set_input{i}(" in str(header)
    ]
    early = ["net_invoke() != kModelErrorNotReady", "net_input(0)", "net_output(0)",
             *(null.format("kModelErrorNotReady") for null in nulls)]  # fmt: skip
    late = [*wrong, *(null.format("kModelErrorArgument") for null in nulls)]
    return (
        '#include <stdio.h>\n#include "net_model_runner.h"\nint main(void) {\n'
        f"  if ({' || '.join(early)}) return 71;\n"
        "  if (net_init() != kModelOk || net_arena_used() == 0) return 72;\n"
        f"  if ({' || '.join(late)}) return 73;\n"
        f"  while ({' && '.join(reads)}) {{\n"
        f"    if (net_invoke() != kModelOk) return 74;\n    {' '.join(writes)}\n  }}\n"
        "  return 0;\n}\n"
    )


def _differs(model: bytes, inputs: Values, output: bytes, compared: int) -> str:
    """Return how the first answers differ from those of TFLM's interpreter, "" if not at all."""
    outputs = read_model(model).main
    each = sum(outputs.tensors[index].size_bytes for index in outputs.outputs)
    if len(output) != each * len(inputs[0]):
        return f"{len(output):,} bytes of answers to {len(inputs[0])} inputs"
    count = min(compared, (len(inputs[0]) + 1) // 2)
    if not count:
        return ""
    first = tuple(one[:count] for one in inputs)
    anew = starts_anew(read_model(model))
    expected = run(model, first, workers=1) if anew else run_sequence(model, first)
    wanted = b"".join(one[row].tobytes() for row in range(count) for one in expected)
    return "" if output[: len(wanted)] == wanted else f"other answers than TFLM to {count} inputs"


if __name__ == "__main__":
    sys.exit(main())
