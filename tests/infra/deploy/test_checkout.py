"""Tests how a deploy reads the release and the settings from git. The tests use real repositories."""

import re
import subprocess
from pathlib import Path

import pytest

from infra.deploy.checkout import changed_settings, is_tag, release, tags, version_of
from infra.deploy.deployed import FETCH_TAGS
from infra.functions import ROOT

UPGRADE = (ROOT / "docs" / "upgrade.md").read_text("utf-8")


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=ada", "-c", "user.email=ada@example.com", "-c", "init.defaultBranch=main")
    command = ["git", "-C", str(folder), *identity, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def commit(folder: Path, file: str, text: str, tag: str | None = None) -> None:
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "-m", file)
    if tag:
        git(folder, "tag", "-a", tag, "-m", tag)


@pytest.fixture
def server(tmp_path: Path) -> Path:
    """The repository of an operator on a git server. It contains settings from the second release on."""
    folder = tmp_path / "server"
    folder.mkdir()
    git(folder, "init")
    commit(folder, "code.py", "1", "v0.1.0")
    commit(folder, "environments/prod.toml", "budget = 1\n")
    commit(folder, "code.py", "2", "v0.2.0")
    commit(folder, "environments/prod.toml", "budget = 2\n")
    return folder


@pytest.fixture
def checkout(server: Path, tmp_path: Path) -> Path:
    git(tmp_path, "clone", str(server), "checkout")
    return tmp_path / "checkout"


def deploy(checkout: Path, tag: str) -> None:
    """Run the git commands of docs/upgrade.md for a tag."""
    block = next(block for block in re.findall(r"```sh\n(.*?)```", UPGRADE, re.DOTALL) if "git fetch" in block)
    commands = [line for line in block.splitlines() if line.startswith("git ")]
    assert len(commands) == 3
    for command in commands:
        git(checkout, *command.replace("RELEASE", tag).split()[1:])


def test_the_commands_of_the_upgrade_guide_check_out_a_tag_with_the_newest_settings(
    server: Path, checkout: Path
) -> None:
    for tag, budget in (("v0.1.0", 2), ("v0.2.0", 3), ("v0.1.0", 4)):
        deploy(checkout, tag)
        assert release(checkout) == tag and is_tag(release(checkout))
        assert (checkout / "environments" / "prod.toml").read_text() == f"budget = {budget}\n"
        assert changed_settings(checkout) == []
        # The branch on the server gets a new commit.
        commit(server, "environments/prod.toml", f"budget = {budget + 1}\n")


def test_the_check_lists_settings_that_were_not_pushed_or_not_fetched(server: Path, checkout: Path) -> None:
    (checkout / "environments" / "prod.toml").write_text("budget = 9\n")
    (checkout / "environments" / "dev.toml").write_text("budget = 9\n")
    assert changed_settings(checkout) == ["environments/dev.toml", "environments/prod.toml"]
    git(checkout, "checkout", "--force", "v0.1.0")
    assert "environments/prod.toml" in (changed_settings(checkout) or ())


def test_the_changed_settings_are_unknown_if_the_remote_branch_does_not_exist(server: Path, tmp_path: Path) -> None:
    assert changed_settings(server) is None
    assert changed_settings(tmp_path / "no repository") is None


def test_a_checkout_with_changes_after_a_tag_is_not_a_release(checkout: Path, tmp_path: Path) -> None:
    assert re.fullmatch(r"v0\.2\.0-1-g[0-9a-f]{10}", release(checkout))
    git(checkout, "checkout", "v0.2.0")
    (checkout / "code.py").write_text("changed")
    assert release(checkout) == "v0.2.0-changed"
    git(checkout, "checkout", "--force", "main")
    git(checkout, "tag", "-a", "before-the-move", "-m", "a tag of the operator")
    assert re.fullmatch(r"v0\.2\.0-1-g[0-9a-f]{10}", release(checkout))
    assert not is_tag("v0.2.0-changed") and not is_tag(release(tmp_path))


def test_the_printed_command_fetches_the_tags_into_a_shallow_clone(server: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--depth", "1", "--no-tags", f"file://{server}", "shallow")
    shallow = tmp_path / "shallow"
    assert version_of(release(shallow)) is None and tags(shallow) == []
    git(shallow, *FETCH_TAGS.split()[1:])
    git(shallow, "checkout", "--force", "v0.1.0")
    assert (release(shallow), tags(shallow)) == ("v0.1.0", ["v0.1.0", "v0.2.0"])
