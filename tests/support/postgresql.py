"""A PostgreSQL server of a test's own, in a folder that goes with it."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PASSWORD = "of{tests}@:/%s"  # noqa: S105 - with all that URLs and formats trip over
QUOTED = "of%7Btests%7D%40%3A%2F%25s"
_DEBIAN = Path("/usr/lib/postgresql")  # where Debian keeps what is not on its PATH
_QUICK = "-c fsync=off -c full_page_writes=off"


@dataclass(frozen=True)
class Server:
    binaries: Path
    folder: Path
    port: int

    def url(self, database: str = "postgres", password: str = QUOTED) -> str:
        return f"postgresql://owner:{password}@127.0.0.1:{self.port}/{database}"

    def control(self, *words: str) -> None:
        self._run("pg_ctl", "-D", self.folder / "data", "-w", *words)

    def start(self) -> None:
        settings = f"-p {self.port} -h 127.0.0.1 -k {self.folder} {_QUICK}"
        self.control("-o", settings, "-l", str(self.folder / "log"), "start")

    def stop(self) -> None:
        """Break off all that is under way, as a crash does."""
        self.control("-m", "immediate", "stop")

    def create(self, database: str) -> str:
        """Create an empty database and return its URL."""
        self._run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", "owner", database)
        return self.url(database)

    def _run(self, program: str, *words: object) -> None:
        command = [str(self.binaries / program), *map(str, words)]
        environment = {**os.environ, "PGPASSWORD": PASSWORD}
        subprocess.run(
            command, check=True, cwd=self.folder, env=environment, user=_user(),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def begin(self) -> None:
        words = self.folder / "password"
        words.write_text(PASSWORD)
        self._run(
            "initdb", "-D", self.folder / "data", "-U", "owner", "--auth=scram-sha-256",
            f"--pwfile={words}", "--no-sync", "-E", "UTF8",
        )  # fmt: skip
        self.start()


@contextlib.contextmanager
def postgresql() -> Iterator[Server]:
    """Run a server, or skip the test with the reason."""
    found = [Path(shutil.which("initdb") or "").resolve().parent, *sorted(_DEBIAN.glob("*/bin"))]
    binaries = next((path for path in found if (path / "initdb").exists()), None)
    if binaries is None:
        pytest.skip("needs a PostgreSQL server: apt-get install postgresql")
    pytest.importorskip("psycopg", reason="needs psycopg: pip install 'edgecompress[postgresql]'")
    folder = Path(tempfile.mkdtemp(prefix="edgecompress-postgresql-"))
    if _user() is not None:
        shutil.chown(folder, _user())
    server = Server(binaries, folder, free_port())
    try:
        server.begin()
        yield server
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):  # it may be stopped
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _user() -> str | None:
    """Return whom the server is to run as: it refuses to run as root."""
    return "postgres" if os.geteuid() == 0 else None


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
