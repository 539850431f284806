"""`python -m edgecompress` and the `edgecompress` console script."""

import signal


def main() -> None:
    """Run the command line; before it is loaded and after it a signal ends the process at once."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    from edgecompress.cli import main as command_line

    command_line()


if __name__ == "__main__":
    main()
