"""Flash and RAM of firmware of the C runtime: its models' programs in a board's regions."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from edgecompress.board import Board
from edgecompress.memory.application import (
    Application,
    application,
    glue_of,
    is_bare_metal,
)
from edgecompress.memory.c_costs import CCosts, Optimize, c_costs, c_substitute, descriptor_bytes
from edgecompress.memory.flash import Item, Substitute
from edgecompress.memory.ram import (
    ARENA_ALIGNMENT_BYTES,
    Placed,
    Placement,
    copied_code_items,
    place,
)
from edgecompress.program.program import Program
from edgecompress.program.sizes import aligned_bytes, code_features, constants_of, state_bytes

# Bytes, of the procedure call standards: AAPCS32, 6.2.1; RISC-V psABI, 2.1.
_STACK_ALIGNMENT, _RISCV_STACK_ALIGNMENT = 8, 16
_FLAG_BYTES = 1  # whether the model is ready
_OWNER_BYTES = 4  # of several models, which one has the arena


def place_c_firmware(
    board: Board, programs: Sequence[Program], optimize: Optimize = "speed"
) -> tuple[Placed, Placement]:
    """Put a firmware whose models share one arena into the board's regions: flash and RAM.

    Args:
        board: whose regions count, and whose first framework says what an application takes.
        programs: of the models.
        optimize: what the kernels are compiled for.
    """
    app = c_application(board)
    flash = (*c_flash_items(programs, board.core, optimize), *app.flash)
    state, stack = _state_item(programs), _stack_items(programs, board.core, app, optimize)
    others = (*app.ram, *copied_code_items(board.ram[0], flash))
    region = max(board.flash, key=lambda region: region.available_bytes)
    arena_bytes = max(program.arena_bytes for program in programs)
    arena = (Item("tensor arena", "arena", arena_bytes, "exact"),)
    static_bytes = sum(item.bytes for item in (state, *others))
    padding = _padding(arena_bytes, static_bytes, board.core) if is_bare_metal(board) else ()
    return Placed(region, flash), place(board, arena, (state, *stack, *others, *padding))


def c_application(board: Board) -> Application:
    """Return what the firmware of `board` holds besides models and kernels."""
    costs = c_costs(board.core)
    emulated = "qemu" in board.frameworks
    size = costs.application_flash_bytes + emulated * costs.semihosting_flash_bytes
    code = Item("self-test and startup", "application", size, "measured")
    code = _enlarged(code, c_substitute(board.core))
    ram_bytes = costs.application_ram_bytes
    return application(board, glue_of(code.bytes, ram_bytes, code.basis, "exact"))


def c_flash_items(
    programs: Sequence[Program], core: str, optimize: Optimize = "speed"
) -> tuple[Item, ...]:
    """Return the models' constants and the code that runs them.

    Args:
        programs: of the models; they share kernels.
        core: the board's core.
        optimize: what the kernels are compiled for.
    """
    substitute = c_substitute(core)
    code = _code_items(programs, c_costs(core, optimize))
    return (*_model_items(programs), *(_enlarged(item, substitute) for item in code))


def _state_item(programs: Sequence[Program]) -> Item:
    """Return what the runtime and the models keep between calls."""
    owner = _FLAG_BYTES if len(programs) == 1 else _OWNER_BYTES
    states = sum(state_bytes(program) for program in programs)
    return Item("state of the runtime and of variables", "runtime", owner + states, "exact")


def _stack_items(
    programs: Sequence[Program], core: str, app: Application, optimize: Optimize
) -> tuple[Item, ...]:
    """Return the stack: what an inference takes, and what startup sets aside beyond that."""
    bound = c_costs(core, optimize).stack_bytes(_kernels(programs))
    stack = Item("stack of an inference", "stack", bound, "measured")
    spare = max(0, app.stack_bytes - bound)
    beyond = Item("stack that startup sets aside beyond that", "application", spare, "exact")
    return (_enlarged(stack, c_substitute(core)), *([beyond] if spare else []))


def _model_items(programs: Sequence[Program]) -> Iterator[Item]:
    constants = [constant for program in programs for constant in constants_of(program)]
    values = [constant for constant in constants if constant.of_model]
    tables = [constant for constant in constants if not constant.of_model]
    descriptors = sum(descriptor_bytes(call.kernel) for p in programs for call in p.calls)
    yield Item("weights and biases", "model", aligned_bytes(values), "exact")
    yield Item("tables of the kernels", "model", aligned_bytes(tables), "exact")
    yield Item("descriptors of the layers", "model", descriptors, "exact")


def _code_items(programs: Sequence[Program], costs: CCosts) -> Iterator[Item]:
    kernels = _kernels(programs)
    for name in kernels:
        basis = "measured" if name in costs.kernels else "estimated"
        yield Item(f"{name} kernel", "runtime", costs.kernel(name).code_bytes, basis)
    shared = costs.library_bytes(kernels)
    if shared:
        yield Item("arithmetic of the compiler's library", "runtime", shared, "measured")
    features = [zip(code_features(p), costs.runner_factors, strict=True) for p in programs]
    calls = sum(round(sum(count * factor for count, factor in pairs)) for pairs in features)
    yield Item("calls of the kernels", "runtime", calls, "measured")


def _kernels(programs: Sequence[Program]) -> list[str]:
    return sorted({call.kernel for program in programs for call in program.calls})


def _enlarged(item: Item, substitute: Substitute | None) -> Item:
    if substitute is None:
        return item
    factor = substitute.scale * (1 + substitute.band)
    name = f"{item.name}, as on {substitute.core} and more"
    return replace(item, name=name, bytes=int(item.bytes * factor), basis="estimated")


def _padding(arena_bytes: int, static_bytes: int, core: str) -> tuple[Item, ...]:
    """Return what lies between static data, the arena and the stack."""
    stack_alignment = _RISCV_STACK_ALIGNMENT if core.startswith("rv32") else _STACK_ALIGNMENT
    padding = -static_bytes % ARENA_ALIGNMENT_BYTES + -arena_bytes % stack_alignment
    return (Item("alignment", "application", padding, "exact"),) if padding else ()
