"""Where PostgreSQL may run from: it refuses root, so as root it runs as `nobody`, with files that `nobody` can reach.

A checkout is often below a home that only its owner may enter. The data then lies in a folder of /var/tmp, and
`<state>/postgres` is a link to it; what PostgreSQL runs from is copied to that folder, and goes when the data goes.
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


@dataclass(frozen=True)
class Account:
    """Who PostgreSQL runs as; both None mean the user who asks."""

    user: int | None = None
    group: int | None = None

    def give(self, path: Path) -> None:
        """Make it the owner of `path`."""
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group, follow_symlinks=False)


def account() -> Account:
    """`nobody` when root asks, else whoever asks."""
    if os.geteuid() != 0:
        return Account()
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def home_of(state: Path, owner: Account) -> Path:
    """The folder for the data of the cloud in `state`: `<state>/postgres` or what that links to. Made if missing."""
    home = state / "postgres"
    if home.is_dir():
        return home.resolve()
    state.mkdir(parents=True, exist_ok=True)
    if owner.user is None or enterable(state):
        home.mkdir(mode=0o700)
        owner.give(home)
        return home
    elsewhere = _elsewhere(state)
    elsewhere.mkdir(mode=0o700, exist_ok=True)
    # A predictable name in a folder that all may write to: take it only when nobody else planted it.
    found = elsewhere.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (0, owner.user):
        raise LocalCloudError(f"{elsewhere} belongs to someone else: remove it")
    owner.give(elsewhere)
    home.unlink(missing_ok=True)
    home.symlink_to(elsewhere)
    return elsewhere


def external_data_directory(state: Path) -> Path | None:
    """Where the data of the cloud in `state` lies when it is not in `state` itself."""
    home = (state / "postgres").resolve()
    return None if home.is_relative_to(state.resolve()) else home


def erase_home(state: Path) -> None:
    """Remove the data of the cloud in `state`, wherever it lies."""
    home = state / "postgres"
    # The second also where the link to it is gone: someone removed `state` by hand.
    for place in (home.resolve(), _elsewhere(state)):
        shutil.rmtree(place, ignore_errors=True)
    home.unlink(missing_ok=True)


def reachable(folder: Path, trees: Sequence[Path], owner: Account, home: Path) -> Path:
    """`folder` where `owner` can run what is in it: in place, or in a copy that is made once in `home`.

    `trees` is what is copied: `folder` lies in the first, and the others, beside it, hold what its programs load.
    """
    if owner.user is None or (enterable(folder) and os.access(folder, os.R_OK)):
        return folder
    identity = [(path.name, path.stat().st_size, int(path.stat().st_mtime)) for path in sorted(folder.iterdir())]
    copy = home / f"programs-{_hash(folder, identity)}"
    if not copy.is_dir():
        for earlier in home.glob("programs-*"):
            shutil.rmtree(earlier)
        # Under its name only when it is whole.
        fresh = home / "programs-new"
        ignored = shutil.ignore_patterns("include", "__pycache__")
        for tree in trees:
            shutil.copytree(tree, fresh / tree.name, symlinks=True, ignore=ignored)
        for path in (fresh, *fresh.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        fresh.rename(copy)
    return copy / folder.relative_to(trees[0].parent)


def enterable(folder: Path) -> bool:
    """Whether any user may go down to `folder`."""
    path = folder.resolve()
    return all(part.stat().st_mode & stat.S_IXOTH for part in (path, *path.parents))


def _elsewhere(state: Path) -> Path:
    """Where the data of the cloud in `state` lies when `state` is closed to others."""
    return _spare() / f"wecelebrate-{_hash(state.resolve())}"


def _spare() -> Path:
    """A folder where every user may have files, and that outlives a reboot where there is one."""
    durable = Path("/var/tmp")  # noqa: S108 - names in it are checked for their owner
    return durable if durable.is_dir() and os.access(durable, os.W_OK) else Path(tempfile.gettempdir())


def _hash(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode()).hexdigest()[:12]
