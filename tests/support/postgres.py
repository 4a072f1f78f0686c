"""A PostgreSQL server of its own, which is reached by a socket in its folder alone."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

USER = "postgres"


def programs() -> Path | None:
    """The newest that Debian has installed; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parts[-2]))
    return found[-1] if found else None


@dataclass
class Postgres:
    """A server whose files are in ``folder``."""

    folder: Path

    @property
    def url(self) -> str:
        return f"postgresql+psycopg://{USER}@/postgres?host={self.folder}"

    def create(self) -> None:
        self._run("initdb", "-D", str(self.folder / "data"), "-A", "trust", "-U", USER)

    def start(self) -> None:
        settings = f"-c listen_addresses= -c unix_socket_directories={self.folder}"
        log = str(self.folder / "log")
        self._run(
            "pg_ctl", "-D", str(self.folder / "data"), "-l", log, "-o", settings, "-w", "start"
        )

    def kill(self) -> None:
        """Kill -9 all of it."""
        pid = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        parent = psutil.Process(pid)
        processes = [parent, *parent.children(recursive=True)]
        for process in processes:
            process.kill()
        psutil.wait_procs(processes, timeout=60)

    def _run(self, program: str, *arguments: str) -> None:
        place = programs()
        assert place
        # The server refuses to run as root.
        who = {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}
        subprocess.run(
            [str(place / program), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
            **who,
        )


@contextmanager
def running_postgres(folder: Path) -> Iterator[Postgres]:
    """A server for the time of a block."""
    folder.mkdir()
    if os.geteuid() == 0:
        shutil.chown(folder, USER, USER)
    server = Postgres(folder)
    server.create()
    server.start()
    try:
        yield server
    finally:
        server.kill()
