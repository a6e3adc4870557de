"""Reads from git which release the checkout contains, and whether its settings equal the settings of the branch."""

import re
import subprocess
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from infra.environments import Environment
from infra.functions import ROOT

SETTINGS = "environments"
"""The folder of the settings."""
BRANCH = "origin/main"
"""The branch whose settings are deployed. Its state is the state of the last `git fetch`. A local `main` can be
older."""
TAKE_SETTINGS = f"git fetch --tags origin; git checkout {BRANCH} -- {SETTINGS}"
"""The command that updates the settings of all environments in the checkout."""
_TAG = re.compile(r"v\d+\.\d+\.\d+")
_VERSION = re.compile(r"v(\d+)\.(\d+)\.(\d+)(?:-(\d+)-g[0-9a-f]+)?(?:-changed)?")

Version = tuple[int, int, int, int]
"""Major, minor and patch version of a tag, and the number of commits since the tag."""


def release(folder: Path = ROOT) -> str:
    """Return the release of the code: its tag, or the last tag and the commit. Add `-changed` if the code was changed.

    For changed settings, `-changed` is not added, because a release is deployed with the settings of the branch. A tag
    that an operator has set, e.g. `before-the-move`, is not a release.
    """
    described = _git(folder, "describe", "--tags", "--match", "v[0-9]*", "--always", "--abbrev=10")
    if described is None:
        return f"v{version('wecelebrate-platform')}-unknown"
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no", "--", ".", f":!{SETTINGS}")
    return f"{described}-changed" if changed else described


def is_tag(release: str) -> bool:
    """Return whether this is the name of a release, and not the name of a commit between two releases."""
    return _TAG.fullmatch(release) is not None


def version_of(release: str) -> Version | None:
    """Return the version of a release, or None if the text contains no version, e.g. if it is only a commit."""
    match = _VERSION.fullmatch(release)
    return None if match is None else (int(match[1]), int(match[2]), int(match[3]), int(match[4] or 0))


def tags(folder: Path = ROOT) -> list[str]:
    """Return the tags of all releases, the oldest first."""
    names = [name for name in (_git(folder, "tag", "--list", "v*") or "").split("\n") if is_tag(name)]
    return sorted(names, key=lambda name: version_of(name) or (0, 0, 0, 0))


def skipped_minor(low: Version, high: Version, known: Iterable[str]) -> str | None:
    """Return the first minor release between two releases, e.g. `v0.2`, or None if no minor release is between them.

    known: the tags of the checkout. A shallow clone has no tags. Even then, the numbers show most skipped releases,
    because minor versions have no gaps (docs/releases.md).
    """
    between = {version[:2] for tag in known if (version := version_of(tag)) and low[:2] < version[:2] < high[:2]}
    if low[0] == high[0] and high[1] - low[1] > 1:
        between.add((low[0], low[1] + 1))
    if low[0] < high[0] and high[1] > 0:
        between.add((high[0], 0))
    return "v{}.{}".format(*min(between)) if between else None


def setting_command(environment: Environment, name: str, value: str) -> str:
    """Return the command that adds a setting to the file of the operator or replaces it in this file.

    The file and its folder need not exist. `sed -i` needs a suffix for a backup copy, except on Linux.
    """
    file = f"{SETTINGS}/{environment.name}.toml"
    return f"mkdir -p {SETTINGS}; touch {file}; sed -i.bak '/^{name} *=/d' {file}; echo '{name} = {value}' >> {file}"


def changed_settings(folder: Path = ROOT) -> list[str] | None:
    """Return the settings files that differ from the branch, or None if the repository does not have the branch."""
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
