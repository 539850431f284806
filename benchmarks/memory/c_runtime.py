"""Code and stack of the C runtime on each core, measured by compiling it: costs/c_runtime.json.

    python benchmarks/memory/c_runtime.py

Run it whenever templates/c/ changed; it takes a minute. Needs arm-none-eabi-gcc, CMake,
riscv64-unknown-elf-gcc with picolibc, and xtensa-lx106-elf-gcc for the estimate of Xtensa.
"""

import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from edgecompress.board import all_boards, load_board
from edgecompress.errors import EdgecompressError
from edgecompress.files import COSTS_DIR, TEMPLATES_DIR, sha256_of, write_tree
from edgecompress.firmware.sources.generate import generate
from edgecompress.firmware.sources.kernel_headers import KERNELS_DIR, kernel
from edgecompress.firmware.sources.optimize import FLAGS as OPTIMIZE_FLAGS
from edgecompress.firmware.sources.optimize import SIZE_MACRO
from edgecompress.firmware.sources.targets import CORES, RISCV, Core
from edgecompress.firmware.toolchain.build import build
from edgecompress.firmware.toolchain.link_map import Contributor, contributors, pieces
from edgecompress.program.lower import lower
from edgecompress.program.program import Program
from edgecompress.program.sizes import code_features
from edgecompress.tflite.reader import read_model

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))
from support.flatbuffer_models import Graph, Op, T, options, zeros
from support.flatbuffer_models import build as flatbuffer
from support.zoo import ZOO

KERNELS = tuple(sorted((TEMPLATES_DIR / KERNELS_DIR).glob("*.c")))
# As templates/cmake/CMakeLists.txt: models and kernels as chosen, all else at -Os.
FLAGS = ("-std=gnu11", "-ffunction-sections", "-fdata-sections", "-fno-unwind-tables",
         "-fno-asynchronous-unwind-tables", "-fcallgraph-info=su")  # fmt: skip
OPTIMIZE = {choice: (flag,) for choice, flag in OPTIMIZE_FLAGS.items()}
OPTIMIZE["size"] += (f"-D{SIZE_MACRO}",)
BARE = ("-nostartfiles", "-Wl,--gc-sections", "-Wl,--unresolved-symbols=ignore-all")
LOADED = (".text", ".rodata", ".data", ".ARM.exidx", ".ARM.extab")
# A model whose kernel needs nothing of the library: what else is linked is the application's.
PLAIN_MODEL = "logistic"
# What a self-test links of a model; that which forgets states, only for LSTM of single steps.
RUNNER_FUNCTIONS = ("init", "invoke", "input", "output", "arena_used")
SHORTCUT_EACH = 3  # layers of a chain
DEEPEST = 4  # level of the table whose objects are a line each


@dataclass(frozen=True)
class Toolchain:
    """A cross compiler with the flags of a core; `libc` are those that linking needs besides."""

    prefix: str
    flags: tuple[str, ...]
    libc: tuple[str, ...]

    def compile(self, sources: Sequence[Path], folder: Path, *more: str) -> None:
        """Compile sources into objects, and call graphs with stack use, in `folder`."""
        command = [f"{self.prefix}-gcc", *self.flags, *self.libc, *FLAGS, *more, "-c"]
        subprocess.run([*command, *map(str, sources)], cwd=folder, check=True)


def _toolchain(core: Core) -> Toolchain:
    if core.toolchain == RISCV:
        room = [f"-Wl,--defsym=__{memory}_size=0x800000" for memory in ("flash", "ram")]
        return Toolchain(RISCV, core.flags, tuple(room))
    return Toolchain(core.toolchain, ("-mthumb", *core.flags), ("--specs=nano.specs",))


# Cores that get the same code as another of the table.
SAME_CODE = {"cortex-m0": "cortex-m0plus"}
TOOLCHAINS: Mapping[str, Toolchain] = {
    name: _toolchain(core) for name, core in CORES.items() if name not in SAME_CODE
}


def object_bytes(file: Path) -> dict[str, int]:
    """Return the sections of an object that are loaded, with their bytes."""
    from elftools.elf.elffile import ELFFile

    allocated = 2  # SHF_ALLOC
    with file.open("rb") as content:
        sections = list(ELFFile(content).iter_sections())
        return {s.name: s["sh_size"] for s in sections if s["sh_flags"] & allocated}


def needs(tools: Toolchain, file: Path) -> list[str]:
    """Return the symbols that an object needs of others."""
    command = [f"{tools.prefix}-nm", "-u", "-j", str(file)]
    return sorted(
        subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    )


def stack_bytes(call_graph: Path, function: str) -> int:
    """Return the deepest stack of a function and what it calls in the same file."""
    text = call_graph.read_text()
    frames = {
        title: int(size)
        for title, size in re.findall(r'title: "([^"]+)" label: "[^"]*?(\d+) bytes \(', text)
    }
    edges = re.findall(r'sourcename: "([^"]+)" targetname: "([^"]+)"', text)

    def deepest(name: str) -> int:
        inner = [deepest(target) for source, target in edges if source == name]
        return frames.get(name, 0) + max(inner, default=0)

    return deepest(function)


def library(tools: Toolchain, symbol: str, folder: Path) -> dict[str, Any]:
    """Return the archive members that a symbol links, with their bytes, and their stack.

    The stack is all that its functions push: no call of them goes deeper.
    """
    empty, image = folder / "empty.c", folder / "probe.elf"
    empty.write_text("")
    map_file = link(tools, [empty], [symbol], image)
    dump = [f"{tools.prefix}-objdump", "-d", str(image)]
    code = subprocess.run(dump, check=True, capture_output=True, text=True).stdout
    pushed = [
        4 * (len(names.split(","))) for names in re.findall(r"\bpush\w*\.?w?\s+\{(.*?)\}", code)
    ]
    pushed += [4 * len(names.split(",")) for names in re.findall(r"stmdb\s+sp!, \{(.*?)\}", code)]
    pushed += [int(size) for size in re.findall(r"\bsub(?:\.w)?\s+sp, #(\d+)", code)]
    pushed += [int(size) for size in re.findall(r"\[sp, #-(\d+)\]!", code)]
    pushed += [int(size) for size in re.findall(r"\baddi\s+sp,sp,-(\d+)", code)]
    return {"members": members(map_file), "stack": sum(pushed)}


def members(map_file: Path) -> dict[str, int]:
    """Return the archive members of a linked image with the bytes they take in flash."""
    found: Counter[str] = Counter()
    for output, _, size, source in pieces(map_file.read_text()):
        name = re.search(r"/(lib(?:gcc|c|c_nano|g_nano|m)\.a\(.*\))$", source)
        if name and output.startswith(LOADED):
            found[name[1]] += size
    return {name: size for name, size in sorted(found.items()) if size}


def link(tools: Toolchain, objects: Sequence[Path], symbols: Sequence[str], image: Path) -> Path:
    """Link objects with no startup, keeping symbols; return the map.

    RISC-V's linker shortens code, so that objects alone do not say what it takes.
    """
    map_file = image.with_suffix(".map")
    kept = [f"-Wl,-u,{symbol}" for symbol in symbols]
    command = [f"{tools.prefix}-gcc", *tools.flags, *tools.libc, *BARE, f"-Wl,-e,{symbols[0]}",
               *kept, f"-Wl,-Map={map_file}", *map(str, objects), "-o", str(image)]  # fmt: skip
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"linking {image.name} failed: {done.stderr[-2000:]}")
    return map_file


def linked_bytes(map_file: Path) -> dict[str, dict[str, int]]:
    """Return the bytes of each input section that is in flash, by object file."""
    found: dict[str, dict[str, int]] = {}
    for output, section, size, source in pieces(map_file.read_text()):
        if output.startswith(LOADED) and source.endswith(".o"):
            sections = found.setdefault(Path(source).name, {})
            sections[section] = sections.get(section, 0) + size
    return found


def measure_kernels(tools: Toolchain, optimize: str, folder: Path) -> dict[str, list[Any]]:
    """Return code bytes, stack bytes and library symbols of each kernel."""
    tools.compile(KERNELS, folder, *OPTIMIZE[optimize])
    functions = {source.stem: kernel(source.stem).function for source in KERNELS}
    objects = {name: folder / f"{name}.o" for name in functions}
    map_file = link(tools, [*objects.values()], [*functions.values()], folder / "kernels.elf")
    sizes = linked_bytes(map_file)
    return {
        name: [
            sum(sizes[made.name].values()),
            stack_bytes(made.with_suffix(".ci"), functions[name]),
            needs(tools, made),
        ]
        for name, made in objects.items()
    }


def measure_runner(
    tools: Toolchain, models: Mapping[str, tuple[Program, Path]], optimize: str, folder: Path
) -> dict[str, Any]:
    """Fit the code of models' C sources to the features of their programs.

    `folder` has the kernels' objects.
    """
    (folder / "arena.c").write_text(
        "#include <stdint.h>\n__attribute__((aligned(16))) uint8_t g_tensor_arena[16384];\n"
    )
    tools.compile([folder / "arena.c"], folder, "-Os")
    for name, (_, sources) in models.items():
        tools.compile([sources / f"{name}_model.c"], folder, *OPTIMIZE[optimize], f"-I{sources}")
    objects = [folder / f"{name}_model.o" for name in models]
    kernels = [folder / source.with_suffix(".o").name for source in KERNELS]
    api = [f"{name}_{function}" for name in models for function in RUNNER_FUNCTIONS]
    files = [*objects, *kernels, folder / "arena.o"]
    linked = linked_bytes(link(tools, files, api, folder / "models.elf"))
    sizes = [
        sum(size for section, size in linked[made.name].items() if is_code(section))
        for made in objects
    ]
    stacks = [stack_bytes(folder / f"{name}_model.ci", f"{name}_invoke") for name in models]
    features = np.array([code_features(program) for program, _ in models.values()], float)
    factors, *_ = np.linalg.lstsq(features, np.array(sizes, float), rcond=None)
    factors = np.round(factors, 1)
    error = int(np.abs(features @ factors - sizes).max().round())
    return {"factors": factors.tolist(), "largest_error": error, "stack": max(stacks)}


def is_code(section: str) -> bool:
    """Say whether a section of a model's C source is code, or places of inputs and outputs."""
    return section.startswith(".text") or "kPlaces" in section


def measure_application(core: str, folder: Path) -> dict[str, Any]:
    """Build firmware for a board of the core, and read what it holds beside model and runtime.

    Images for QEMU have semihosting besides; a core whose boards are all QEMU's has no other.
    """
    boards = [board for board in all_boards() if board.core == core]
    board = next((board for board in boards if "qemu" not in board.frameworks), boards[0])
    write_tree(
        folder,
        generate([ZOO[PLAIN_MODEL]()], board, "cmake", name="m", vectors=1, runtime="c"),
        force=True,
    )
    built = build(folder)
    maps = [built.project.built(image).with_suffix(".map")
            for image in (built.project.image, built.project.machine_image)]  # fmt: skip
    flash, emulated = (
        sum(p.flash_bytes for p in contributors(m) if is_application(p)) for m in maps
    )
    return {
        "flash": flash,
        "semihosting": emulated - flash,
        "ram": sum(p.ram_bytes for p in built.parts if p.name in ("startup", "self-test")),
        "members": sorted(members(maps[0])),
    }


def is_application(part: Contributor) -> bool:
    """Say whether a part of an image of `PLAIN_MODEL` is beside model and runtime."""
    apart = ("golden vectors m", "model m", "tables m", "model runner m", "kernel lookup_s8")
    return part.name not in apart


def measure(core: str, models: Mapping[str, tuple[Program, Path]]) -> dict[str, Any]:
    """Return all figures of a core."""
    tools = TOOLCHAINS[core]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kernels, runner = {}, {}
        for choice in OPTIMIZE:
            kernels[choice] = measure_kernels(tools, choice, folder)
            runner[choice] = measure_runner(tools, models, choice, folder)
        symbols = {s for table in kernels.values() for row in table.values() for s in row[2]}
        stand_in = "cortex-m4f" if core == "cortex-m4" else core
        result = {
            "compiler": f"{tools.prefix}-gcc",
            "application": measure_application(stand_in, folder / "project"),
            "runner": runner,
            "library": {symbol: library(tools, symbol, folder) for symbol in sorted(symbols)},
            **kernels,
        }
    errors = [figures["largest_error"] for figures in runner.values()]
    print(f"{core}: code of calls within {max(errors)} bytes", file=sys.stderr)
    return result


def chain(count: int) -> bytes:
    """A model of `count` dense layers, each third with a shortcut."""
    widths = [(16, 24, 8, 32)[i % 4] for i in range(count + 1)]
    tensors, ops, value = {"x0": T((1, widths[0]))}, [], "x0"
    for i in range(count):
        tensors |= {f"w{i}": zeros((widths[i + 1], widths[i])), f"h{i}": T((1, widths[i + 1]))}
        ops.append(Op("FULLY_CONNECTED", [value, f"w{i}", ""], [f"h{i}"],
                      options("FullyConnectedOptions")))  # fmt: skip
        value = f"h{i}"
        if i % SHORTCUT_EACH == SHORTCUT_EACH - 1:
            tensors[f"s{i}"] = T((1, widths[i + 1]))
            ops.append(Op("ADD", [value, value], [f"s{i}"], options("AddOptions")))
            value = f"s{i}"
    return flatbuffer(Graph(tensors, ops, ["x0"], [value]))


def sources_of_models(folder: Path) -> dict[str, tuple[Program, Path]]:
    """Write the sources of many models; return their programs, and where the sources are."""
    found = {}
    chains = {f"chain{count}": partial(chain, count) for count in (4, 6, 9, 14, 20, 30)}
    for name, model in [*list(ZOO.items())[::2], *chains.items()]:
        content = model()
        try:
            files = generate(
                [content], load_board("mps2_an386"), "cmake", name=name, vectors=1, runtime="c"
            )
        except EdgecompressError:
            continue  # what the C runtime does not run
        write_tree(folder / name, files, force=True)
        prefix = next((folder / name / "src").glob("*_model.c")).name.removesuffix("_model.c")
        found[prefix] = (lower(read_model(content)), folder / name / "src")
    return found


def xtensa(folder: Path) -> dict[str, Any]:
    """Compare a relative of the ESP32's cores, whose compiler is free, with rv32imc."""
    (folder / "string.h").write_text(
        "#include <stddef.h>\nvoid* memcpy(void*, const void*, size_t);\n"
        "void* memset(void*, int, size_t);\n"
    )
    lx106 = Toolchain("xtensa-lx106-elf", ("-ffreestanding", "-mlongcalls", f"-I{folder}"), ())
    sizes = []
    for tools in (lx106, TOOLCHAINS["rv32imc"]):
        tools.compile(KERNELS, folder, *OPTIMIZE["speed"])
        objects = [folder / source.with_suffix(".o").name for source in KERNELS]
        sizes.append([sum(object_bytes(made).values()) for made in objects])
    ratios = [one / other for one, other in zip(*sizes, strict=True)]
    scale = round(sum(sizes[0]) / sum(sizes[1]), 2)
    return {
        "core": "rv32imc",
        "scale": scale,
        "band": 0.25,
        "reason": f"the kernels compiled for Xtensa LX106 take {scale:g} times the code for "
        f"rv32imc, {min(ratios):.2f} to {max(ratios):.2f} times by kernel; no compiler for "
        "LX6 and LX7 was at hand",
    }


def same_code(core: str, other: str, folder: Path) -> dict[str, Any]:
    """Compile every kernel for both cores; stop if an instruction differs."""
    for choice, flags in OPTIMIZE.items():
        codes = []
        for name in (core, other):
            made = folder / f"{name}_{choice}"
            made.mkdir()
            _toolchain(CORES[name]).compile(KERNELS, made, *flags)
            codes.append([machine_code(made / f"{source.stem}.o") for source in KERNELS])
        if codes[0] != codes[1]:
            raise SystemExit(f"kernels for {core} differ from those for {other} at {choice}")
    reason = f"GCC makes the same code of every kernel for both: {len(KERNELS)} at -O2 and at -Os"
    return {"core": other, "scale": 1.0, "band": 0.0, "reason": reason}


def machine_code(file: Path) -> dict[str, bytes]:
    """Return the code of an object by section."""
    from elftools.elf.elffile import ELFFile

    with file.open("rb") as content:
        sections = list(ELFFile(content).iter_sections())
        return {s.name: s.data() for s in sections if s.name.startswith(".text")}


def version(program: str) -> str:
    """Return the first line of what a program says of itself."""
    words = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return words.stdout.splitlines()[0]


def descriptors() -> dict[str, int]:
    """Return the bytes of each kernel's descriptor on 32-bit cores."""
    known = {source.stem: kernel(source.stem) for source in KERNELS}
    headers = "".join(f'#include "{k.header}"\n' for k in known.values())
    arrays = "".join(f"char d_{name}[sizeof({k.descriptor})];\n" for name, k in known.items())
    tools = TOOLCHAINS["cortex-m4f"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "sizes.c").write_text(headers + arrays)
        tools.compile([folder / "sizes.c"], folder, f"-I{KERNELS[0].parent}", "-fno-common")
        sections = object_bytes(folder / "sizes.o")
    return {name: sections[f".bss.d_{name}"] for name in known}


def text_of(table: Mapping[str, Any], depth: int = 0) -> str:
    """Return JSON with a line for each kernel."""
    if depth == DEEPEST or not isinstance(table, dict) or not table:
        return json.dumps(table)
    indent = "  " * (depth + 1)
    rows = (
        f"{indent}{json.dumps(key)}: {text_of(value, depth + 1)}" for key, value in table.items()
    )
    rows_deep = ",\n".join(rows)
    return f"{{\n{rows_deep}\n{'  ' * depth}}}"


def main() -> None:
    """Measure all cores and write the table."""
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(2) as workers:
        models = sources_of_models(Path(name) / "models")
        measured = workers.map(partial(measure, models=models), TOOLCHAINS)
        cores = dict(zip(TOOLCHAINS, measured, strict=True))
        same = {core: same_code(core, other, Path(name)) for core, other in SAME_CODE.items()}
        (Path(name) / "xtensa").mkdir()
        substitute = xtensa(Path(name) / "xtensa")
    table = {
        "compilers": [version(f"{t}-gcc") for t in ("arm-none-eabi", "riscv64-unknown-elf")],
        "sources_sha256": sha256_of(TEMPLATES_DIR / "c"),
        "descriptors": descriptors(),
        "substitutes": {**same, "xtensa": substitute},
        "cores": cores,
    }
    (COSTS_DIR / "c_runtime.json").write_text(text_of(table) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
