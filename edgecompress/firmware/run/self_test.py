"""What the self-test of a generated project prints, read back."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_REPORT = "edgecompress: "
PASSED = "edgecompress: result=PASS"


@dataclass(frozen=True)
class ModelReport:
    """What the self-test says of one model."""

    name: str
    init: int  # a ModelStatus: 0 if it started
    vectors: int
    failed: int
    arena_used_bytes: int
    inference_counts: int  # of the longest inference, by whatever clock the project has


@dataclass(frozen=True)
class SelfTestReport:
    """What a self-test says that ran to its end. `stack_used_bytes` is None if nobody watched."""

    models: tuple[ModelReport, ...]
    stack_used_bytes: int | None


def read_self_test(output: str) -> SelfTestReport:
    """Read the lines of a self-test that are meant for scripts."""
    reports = [_fields(line) for line in output.splitlines() if line.startswith(_REPORT)]
    stack = [int(report["stack_used_bytes"]) for report in reports if "stack_used_bytes" in report]
    return SelfTestReport(
        models=tuple(
            ModelReport(
                name=report["model"],
                init=int(report["init"]),
                vectors=int(report["vectors"]),
                failed=int(report["failed"]),
                arena_used_bytes=int(report["arena_used_bytes"]),
                inference_counts=int(report["inference_counts"]),
            )
            for report in reports
            if "model" in report
        ),
        stack_used_bytes=max(stack, default=None),
    )


def why_it_failed(output: str) -> str:
    """Return in words why a self-test did not pass."""
    if "edgecompress: result=FAULT" in output:
        return "a fault of the processor stopped it"
    if "edgecompress: result=ABORT" in output:
        return "it called abort"
    if "edgecompress: result=FAIL" not in output:
        return "it ended before its result"
    failed = [model for model in read_self_test(output).models if model.failed]
    return "; ".join(
        f"{model.name} does not start: its tensor arena is too small, or a kernel refused it"
        if model.init
        else f"{model.failed} of {model.vectors} vectors of {model.name} differ from TFLM's "
        "interpreter"
        for model in failed
    )


def _fields(line: str) -> Mapping[str, str]:
    return dict(re.findall(r"(\w+)=(\S+)", line))
