"""How long `edgecompress --help` takes beside importing click and numpy, in one run.

python benchmarks/cli/startup.py
"""

import subprocess
import sys
import time

ROUNDS = 15
COMMANDS = {
    "edgecompress --help": ["-m", "edgecompress", "--help"],
    "import click, numpy": ["-c", "import click, numpy"],
}


def seconds(words: list[str]) -> float:
    """Wall time of one Python process."""
    start = time.perf_counter()
    subprocess.run([sys.executable, *words], check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    """Take turns, so that a busy machine slows both alike; keep each one's best."""
    best = dict.fromkeys(COMMANDS, float("inf"))
    for _ in range(ROUNDS):
        for name, words in COMMANDS.items():
            best[name] = min(best[name], seconds(words))
    for name, value in best.items():
        print(f"{name:24} {1000 * value:6.0f} ms")
    ours, theirs = best.values()
    print(f"ratio {ours / theirs:.2f} (goal: at most 2)")


if __name__ == "__main__":
    main()
