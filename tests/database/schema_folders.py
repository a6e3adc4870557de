"""Writes schema folders for tests, and runs `migrate` on these folders."""

import subprocess
import sys
import time
from pathlib import Path

from tests.database.conftest import Database


def write_tables(folder: Path, **files: str) -> Path:
    """Write migrations to `folder`. Each name starts with `m`: for `m0001_first`, the file is tables/0001_first.sql."""
    return _write(folder / "tables", {name.removeprefix("m"): text for name, text in files.items()}).parent


def write_functions(folder: Path, **files: str) -> Path:
    """Write function files to `folder`."""
    return _write(folder / "functions", files).parent


def _write(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.sql").write_text(text, "utf-8")
    return folder


def start_migrate(database: Database, folder: Path, lease: int = 900) -> subprocess.Popen[str]:
    """Start a process that runs `migrate` and prints the names of the applied files."""
    program = f"""
import sys
from pathlib import Path
from wecelebrate import schema
schema.LEASE_SECONDS = {lease}
sys.stdout.write(" ".join(schema.migrate(sys.argv[1], Path(sys.argv[2]))))
"""
    command = [sys.executable, "-c", program, database.url("wc_migrate"), str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def value(database: Database, query: str, login: str = "postgres") -> object:
    """Return the first column of the first row, or None if there is no row."""
    with database.connect(login, autocommit=True) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row[0] if row else None


def wait_until(database: Database, query: str) -> None:
    """Wait until the query returns a true value, for at most 20 seconds."""
    deadline = time.monotonic() + 20
    while not value(database, query):
        assert time.monotonic() < deadline, query
        time.sleep(0.02)
