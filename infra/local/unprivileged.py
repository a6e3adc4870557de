"""Allows root to start the local cloud, although PostgreSQL refuses to run as root.

If root starts the local cloud, PostgreSQL runs as the user `nobody`. This user must be able to read the programs and to
write the data. But a checkout is often in a home directory that only its owner can enter. In this case, the data and a
copy of the PostgreSQL programs are in a directory below /var/tmp. `<state>/postgres` is a symbolic link to this
directory, and `wecelebrate down --erase` also removes the directory.
"""

import hashlib
import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.local.processes import LocalCloudError

PRIMARY = "postgres"
"""The name of the primary PostgreSQL server: of its process, its port, and its data directory in `postgres_home`."""


@dataclass(frozen=True)
class Account:
    """The ids of the user and the group of the PostgreSQL processes. None means the current user and group."""

    user: int | None = None
    group: int | None = None

    def chown(self, path: Path) -> None:
        """Make this account the owner of `path`. Do nothing if the account is the current user."""
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group, follow_symlinks=False)


def postgres_account() -> Account:
    """Return the account for PostgreSQL: `nobody` if the current user is root, otherwise the current user."""
    if os.geteuid() != 0:
        return Account()
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def postgres_home(state: Path, owner: Account) -> Path:
    """Return the directory for the PostgreSQL data of the local cloud in `state`. Create it if it does not exist.

    The directory is `<state>/postgres` or, if this is a symbolic link, its target. Raises LocalCloudError if the
    directory belongs to another user.
    """
    home = state / "postgres"
    if home.is_dir():
        return home.resolve()
    state.mkdir(parents=True, exist_ok=True)
    if owner.user is None or accessible_to_all(state):
        home.mkdir(mode=0o700)
        owner.chown(home)
        return home
    external = _external_directory(state)
    external.mkdir(mode=0o700, exist_ok=True)
    # Every user can guess the name of this directory and create the directory. Do not use a directory of another user.
    status = external.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in (0, owner.user):
        raise LocalCloudError(f"{external} belongs to another user: remove this directory")
    owner.chown(external)
    home.unlink(missing_ok=True)
    home.symlink_to(external)
    return external


def external_data_directory(state: Path) -> Path | None:
    """Return the PostgreSQL data directory of the local cloud in `state`, or None if this directory is in `state`."""
    home = (state / "postgres").resolve()
    return None if home.is_relative_to(state.resolve()) else home


def erase_postgres_home(state: Path) -> None:
    """Remove the PostgreSQL data of the local cloud in `state`, even if it is outside `state`."""
    home = state / "postgres"
    # Remove the external directory even if no symbolic link to it exists, because an operator can have removed `state`.
    for directory in (home.resolve(), _external_directory(state)):
        shutil.rmtree(directory, ignore_errors=True)
    home.unlink(missing_ok=True)


def executable_folder(folder: Path, trees: Sequence[Path], owner: Account, home: Path) -> Path:
    """Return a folder from which `owner` can run the programs of `folder`. This is `folder` itself or a copy in `home`.

    trees: the folders to copy. The first folder contains `folder`. The other folders are in the same parent folder as
    the first folder, and contain the shared libraries of the programs.
    """
    if owner.user is None or (accessible_to_all(folder) and os.access(folder, os.R_OK)):
        return folder
    identity = [(path.name, path.stat().st_size, int(path.stat().st_mtime)) for path in sorted(folder.iterdir())]
    copy = home / f"programs-{_hash(folder, identity)}"
    if not copy.is_dir():
        for old_copy in home.glob("programs-*"):
            shutil.rmtree(old_copy)
        # Copy to a temporary folder, and rename it when the copy is complete.
        temporary = home / "programs-new"
        ignored = shutil.ignore_patterns("include", "__pycache__")
        for tree in trees:
            shutil.copytree(tree, temporary / tree.name, symlinks=True, ignore=ignored)
        for path in (temporary, *temporary.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        temporary.rename(copy)
    return copy / folder.relative_to(trees[0].parent)


def accessible_to_all(folder: Path) -> bool:
    """Return whether every user can enter `folder` and all its parents."""
    path = folder.resolve()
    return all(part.stat().st_mode & stat.S_IXOTH for part in (path, *path.parents))


def _external_directory(state: Path) -> Path:
    """Return the directory for the data of `<state>/postgres` if `nobody` cannot enter `state`."""
    return _shared_directory() / f"wecelebrate-{_hash(state.resolve())}"


def _shared_directory() -> Path:
    """Return a directory to which every user can write. If possible, its files survive a reboot of the machine."""
    durable = Path("/var/tmp")  # noqa: S108 - `postgres_home` checks the owner of the directory
    return durable if durable.is_dir() and os.access(durable, os.W_OK) else Path(tempfile.gettempdir())


def _hash(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:12]
