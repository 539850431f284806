"""What a linked image is made of: GNU ld's map for the parts, the ELF for the sums."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgecompress.errors import ToolError
from edgecompress.firmware.sources.targets import Memory

_BEGIN, _END = "Linker script and memory map", "\nOUTPUT("  # of what is loaded
_FLASH_SECTIONS = (".text", ".init_array", ".ARM.exidx", ".data")
_RAM_SECTIONS = (".data", ".bss", ".tensor_arena", ".stack")
# " .text.name  0x00000000  0x10  file", the numbers sometimes on a line of their own.
_OUTPUT_SECTION = re.compile(r"(\.[\w.]+)(?:\s|$)")
_INPUT_SECTION = re.compile(r" (\S+)?\s+0x[0-9a-f]+\s+0x([0-9a-f]+)(?: (\S.*)| )?$")

# Object files of a generated project: the name and kind of what they hold.
_OWN_PARTS = tuple(
    (re.compile(pattern), part, kind)
    for pattern, part, kind in (
        (r"(\w+)_golden_vectors\.", "golden vectors {}", "application"),
        (r"libedgecompress_model\.a\((\w+)_model_data\.", "model {}", "model"),
        (r"libedgecompress_model\.a\((\w+)_model_runner\.", "model runner {}", "runtime"),
        (r"libedgecompress_model\.a\(tensor_arena\.", "tensor arena", "arena"),
        (r"libedgecompress_model\.a\(arena\.c", "tensor arena", "arena"),
        (r"libedgecompress_model\.a\((\w+)\.c", "kernel {}", "runtime"),
        (r"(?:self_test|main|console)\.", "self-test", "application"),
        (r"(?:startup|cortex_m|riscv)\.", "startup", "application"),
    )
)
# The source of a model of the C runtime, and the arrays in it that hold what is the model's own.
_C_MODEL = re.compile(r"libedgecompress_model\.a\((\w+)_model\.c")
_MODEL_CONSTANT = re.compile(r"(Weights|Bias|Constant)\d*$")


@dataclass(frozen=True)
class Contributor:
    """A part of the image. `kind` is that of the contract: model, runtime, application, ..."""

    name: str
    kind: str
    flash_bytes: int
    ram_bytes: int


def contributors(map_file: Path) -> tuple[Contributor, ...]:
    """Return the parts of an image, those that need most flash first.

    Raises:
        ToolError: the file is not a map of GNU ld, or not a whole one.
    """
    flash: Counter[tuple[str, str]] = Counter()
    ram: Counter[tuple[str, str]] = Counter()
    for output_section, input_section, size, source in pieces(_read(map_file)):
        part = _part(output_section, input_section, source)
        if output_section in _FLASH_SECTIONS:
            flash[part] += size
        if output_section in _RAM_SECTIONS:
            ram[part] += size
    parts = [
        Contributor(name, kind, flash[name, kind], ram[name, kind])
        for name, kind in {**flash, **ram}
    ]
    used = [part for part in parts if part.flash_bytes or part.ram_bytes]
    return tuple(sorted(used, key=lambda part: (-part.flash_bytes, -part.ram_bytes, part.name)))


def _read(map_file: Path) -> str:
    try:
        text = map_file.read_text("utf-8", errors="replace")
    except OSError as error:
        raise ToolError(f"{map_file}: cannot be read: {error.strerror}") from error
    if _BEGIN not in text:
        raise ToolError(f"{map_file}: not a map of GNU ld: it lacks {_BEGIN!r}")
    if _END not in text:  # the linker does not notice that a disk is full while it writes a map
        raise ToolError(f"{map_file}: the map ends too soon; build again")
    return text


def region_bytes(image: Path, regions: Sequence[Memory]) -> tuple[int, ...]:
    """Return the bytes that the image's segments take in each region.

    Initialized data counts twice: where it is loaded from, and where it runs.

    Raises:
        ToolError: the file is not an ELF image.
    """
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    totals = [0] * len(regions)
    try:
        with image.open("rb") as file:
            segments = [s.header for s in ELFFile(file).iter_segments("PT_LOAD")]
    except (OSError, ValueError, OverflowError, ELFError) as error:
        raise ToolError(f"{image}: not a readable ELF image: {error}") from error
    for segment in segments:
        for index, region in enumerate(regions):
            loaded, runs = (_holds(region, segment[key]) for key in ("p_paddr", "p_vaddr"))
            if runs:
                totals[index] += segment["p_memsz"]
            elif loaded:
                totals[index] += segment["p_filesz"]
    return tuple(totals)


def _holds(region: Memory, address: int) -> bool:
    return region.address <= address < region.address + region.size_bytes


def pieces(text: str) -> Iterator[tuple[str, str, int, str]]:
    """Yield (output section, input section, bytes, object file) from a map."""
    output_section = pending = ""
    for line in text[text.index(_BEGIN) :].splitlines():
        if heading := _OUTPUT_SECTION.match(line):
            output_section = heading[1]
        elif found := _INPUT_SECTION.match(line):
            yield output_section, found[1] or pending, int(found[2], 16), found[3] or ""
        pending = line.strip() if line.startswith(" .") and " 0x" not in line else ""


def _part(output_section: str, input_section: str, source: str) -> tuple[str, str]:
    """Return the name and kind of what an object file of a generated project belongs to."""
    if output_section == ".stack":
        return "stack", "stack"
    if input_section == "*fill*" or not source:
        return "alignment", "application"
    name = Path(source).name
    if found := _C_MODEL.match(name):
        return _c_model_part(found[1], input_section)
    for pattern, part, kind in _OWN_PARTS:
        if found := pattern.match(name):
            return part.format(*found.groups()), kind
    return _library_part(name), "runtime"


def _c_model_part(model: str, input_section: str) -> tuple[str, str]:
    """Return what a section of a model's C source is: the model's own values, tables or code."""
    if input_section.startswith((".rodata.k", ".srodata.k")):
        is_model = _MODEL_CONSTANT.search(input_section) is not None
        return (f"model {model}", "model") if is_model else (f"tables {model}", "runtime")
    return f"model runner {model}", "runtime"


def _library_part(name: str) -> str:
    archive, _, member = name.partition("(")
    member = member.rstrip(")")
    if archive == "libtensorflow-microlite.a":
        return _tflm_part(Path(member).stem)
    if archive in ("libc.a", "libc_nano.a", "libg.a", "libg_nano.a", "libm.a"):
        return "C library"
    if archive.startswith("lib"):
        return archive.removesuffix(".a")
    return name


def _tflm_part(stem: str) -> str:
    if stem.startswith("arm_"):
        return "CMSIS-NN"
    core = re.match(
        r"micro_|memory_|flatbuffer|schema|error_rep|common|quantization_util|tensor_|portable|"
        r"runtime_shape|kernel_util|.*allocator|.*planner|debug_log|system_setup|array",
        stem,
    )
    return "TFLM core" if core else f"kernel {stem.removesuffix('_common')}"
