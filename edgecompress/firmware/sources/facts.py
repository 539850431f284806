"""What the templates may name, and what `build` and `emulate` read back of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from edgecompress import __version__
from edgecompress.board import Board
from edgecompress.firmware.sources import versions
from edgecompress.firmware.sources.choice import Choice
from edgecompress.firmware.sources.identifiers import identifier
from edgecompress.firmware.sources.model import FirmwareModel
from edgecompress.firmware.sources.optimize import FLAGS, SIZE_MACRO
from edgecompress.firmware.sources.prediction import Prediction, predict
from edgecompress.firmware.sources.regions import (
    app_partition,
    arena_place,
    arena_size,
    board_memory,
)
from edgecompress.firmware.sources.targets import ARM, CORES, MACHINES, qemu_command
from edgecompress.tflite.operators import TFLM_COMMIT

# Bytes for the stack of the bare-metal image. TFLM's own calls were measured to need at most
# 1,640 bytes (27 models on three cores, TFLM 90b983c2b, release build).
STACK_BYTES = 4096


def template_facts(
    models: Sequence[FirmwareModel],
    board: Board,
    choice: Choice,
    title: str,
    kernels: str,
) -> Mapping[str, Any]:
    """Return everything the templates may name."""
    project, framework = identifier(title), choice.framework
    facts = {
        "version": __version__,
        "title": title,
        "project": project,
        "framework": framework,
        "choice": choice,
        "runtime": choice.runtime,
        "board": board,
        "core": "host" if framework == "host" else board.core,
        "kernels": kernels,
        "no_tflm": choice.no_tflm,
        "optimize": choice.optimize,
        "optimize_flag": FLAGS[choice.optimize],
        "size_macro": SIZE_MACRO,
        "tflm_commit": TFLM_COMMIT,
        "models": models,
        "runner_headers": [f"{model.prefix}_model_runner.h" for model in models],
        "golden_headers": [f"{model.prefix}_golden_vectors.h" for model in models],
        "arena": arena_size(models, framework),
        "arena_place": arena_place(models, board, framework, kernels),
        "app_partition": app_partition(board),
        "stack_bytes": STACK_BYTES,
        "board_is_emulated": "qemu" in board.frameworks,
        "versions": versions,
        **versions.of_board(board),
        **(_bare_metal_facts(board, project) if framework == "cmake" else {}),
    }
    return {**facts, "summary": _summary(facts)}


def _bare_metal_facts(board: Board, project: str) -> Mapping[str, Any]:
    """Return what the templates of a project without vendor code need besides."""
    emulated = "qemu" in board.frameworks
    flash, ram = board_memory(board)
    name = board.frameworks["qemu"]["machine"] if emulated else CORES[board.core].machine
    return {
        "compiler": CORES[board.core],
        "core_source": "cortex_m.c" if CORES[board.core].toolchain == ARM else "riscv.c",
        "flash": flash,
        "ram": ram,
        "machine": MACHINES[name],
        "qemu_command": qemu_command(MACHINES[name], CORES[board.core]),
        "qemu_image": f"{project}.elf" if emulated else f"{project}_qemu.elf",
    }


def _summary(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what `build` and `emulate` read from firmware.json."""
    arena = facts["arena"]
    return {
        "edgecompress": facts["version"],
        "project": facts["project"],
        "framework": facts["framework"],
        "runtime": facts["runtime"],
        **({"optimize": facts["optimize"]} if facts["runtime"] == "c" else {}),
        "board": facts["board"].id,
        **_reserves(facts["board"]),
        "core": facts["core"],
        "kernels": facts["kernels"],
        "tflm_commit": facts["tflm_commit"],
        "arena_bytes": arena.min_bytes + arena.margin_bytes,
        **({} if facts["framework"] == "host" else _device_summary(facts)),
        "models": [
            {
                "name": model.prefix,
                "sha256": model.sha256,
                "bytes": len(model.content),
                "vectors": model.vectors.count,
                "vector_bytes": model.vectors.size_bytes,
                "arena_min_bytes": model.arena.min_bytes,
                "arena_used_bytes": model.arena.used_bytes,
                "arena_basis": model.arena.basis,
            }
            for model in facts["models"]
        ],
        **(_bare_metal_summary(facts) if facts["framework"] == "cmake" else {}),
    }


def _reserves(board: Board) -> Mapping[str, int]:
    """Return what is kept for the user's application, if anything is."""
    if not (board.reserve_ram_bytes or board.reserve_flash_bytes):
        return {}
    return {
        "reserve_ram_bytes": board.reserve_ram_bytes,
        "reserve_flash_bytes": board.reserve_flash_bytes,
    }


def _device_summary(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "arena_region": asdict(facts["arena_place"].memory),
        "stack_bytes": facts["stack_bytes"],
    }


def _bare_metal_summary(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "qemu": {"machine": facts["machine"].name, "image": facts["qemu_image"]},
        "image": f"{facts['project']}.elf",
        "flash": asdict(facts["flash"]),
        "ram": asdict(facts["ram"]),
        **({"prediction": asdict(_prediction(facts))} if facts["runtime"] == "tflm" else {}),
    }


def _prediction(facts: Mapping[str, Any]) -> Prediction:
    arena_bytes = facts["arena"].min_bytes + facts["arena"].margin_bytes
    return predict(facts["models"], facts["board"], facts["kernels"], arena_bytes)
