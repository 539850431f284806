"""`python -m edgecompress` and the `edgecompress` console script."""

from edgecompress.cli import main

if __name__ == "__main__":
    main()
