"""Reads from git which release the checkout contains, and whether its settings equal those of the branch."""

import re
import subprocess
from importlib.metadata import version
from pathlib import Path

from infra.functions import ROOT

SETTINGS = "environments"
"""The folder of the settings."""
BRANCH = "origin/main"
"""The branch whose settings are deployed, as of the last `git fetch`. A local `main` can be older."""
TAKE_SETTINGS = f"git fetch --tags origin; git checkout {BRANCH} -- {SETTINGS}"
"""The command that takes the settings of all environments into the checkout."""
_TAG = re.compile(r"v\d+\.\d+\.\d+")


def release(folder: Path = ROOT) -> str:
    """Return the release of the code: its tag, or the last tag and the commit. Add `-changed` if the code was changed.

    Changed settings do not add `-changed`, because a release is deployed with the settings of the branch.
    """
    described = _git(folder, "describe", "--tags", "--always", "--abbrev=10")
    if described is None:
        return f"v{version('wecelebrate-platform')}-unknown"
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no", "--", ".", f":!{SETTINGS}")
    return f"{described}-changed" if changed else described


def is_tag(release: str) -> bool:
    """Return whether this is the name of a release, and not the name of a commit between two releases."""
    return _TAG.fullmatch(release) is not None


def changed_settings(folder: Path = ROOT) -> list[str] | None:
    """Return the settings files that differ from the branch. None if the repository does not have the branch."""
    if _git(folder, "rev-parse", "--verify", "--quiet", BRANCH) is None:
        return None
    different = _git(folder, "diff", "--name-only", BRANCH, "--", SETTINGS) or ""
    untracked = _git(folder, "ls-files", "--others", "--exclude-standard", "--", SETTINGS) or ""
    return sorted({*different.split("\n"), *untracked.split("\n")} - {""})


def _git(folder: Path, *arguments: str) -> str | None:
    """Return the output of a git command, or None if it fails, e.g. because the folder is not a repository."""
    command = ["git", "-C", str(folder), *arguments]
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError:
        return None
    return result.stdout.strip() if result.returncode == 0 else None
