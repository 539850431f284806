"""What int8 costs small trained models of many kinds: the table of docs/models.md.

    python benchmarks/models/table.py

Trains and quantizes each model of tests/support/trained, and measures both forms on its test
samples, the int8 one on the TFLM interpreter. Arenas are those of a Cortex-M4F with CMSIS-NN.
"""

import argparse
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
sys.path.insert(0, str(REPOSITORY / "tests"))

from support.trained import ZOO  # noqa: E402 - found by the line above
from support.trained.case import Result, measured  # noqa: E402

from edgecompress.files import write_file  # noqa: E402

PAGE = REPOSITORY / "docs" / "models.md"
COLUMNS = ("kind", "model", "operators", "bytes", "arena", "float", "int8", "lost")


def row(result: Result) -> str:
    """One line of the table."""
    case = result.case
    if result.refused:
        return f"| {case.kind} | {case.name} | {result.refused} | | | | | |"
    operators = ", ".join(
        f"{name} x{count}" if count > 1 else name for name, count in result.operators.items()
    )
    if result.metric == "accuracy":
        figures = (
            f"{100 * result.exact:.2f} % | {100 * result.int8:.2f} % | {result.lost:.2f} points"
        )
    else:
        figures = f"{result.exact:.5f} | {result.int8:.5f} | {result.lost:.2f} %"
    sizes = f"{result.bytes:,} | {result.arena_bytes:,}"
    return f"| {case.kind} | {case.name} | {operators} | {sizes} | {figures} |"


def main() -> None:
    """Write the table into its page, between the page's marks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", type=Path, default=PAGE, help="to write to, between its marks")
    page = parser.parse_args().page
    results = [measured(case) for case in ZOO]
    head = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    table = "\n".join([*head, *map(row, results)])
    before, _, rest = page.read_text(encoding="utf-8").partition("<!-- table -->\n")
    _, _, after = rest.partition("<!-- end of table -->\n")
    marks = f"<!-- table -->\n{table}\n<!-- end of table -->\n"
    write_file(page, f"{before}{marks}{after}")


if __name__ == "__main__":
    main()
