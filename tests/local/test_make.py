"""`make ready` where Python is missing, too old, or cannot make an environment."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra.functions import ROOT

TOOLS = ("sh", "rm", "touch", "awk", "getconf")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What the Makefile needs to begin, and a PATH without any Python."""
    for file in ("Makefile", "pyproject.toml", "uv.lock", "layers/core/pyproject.toml"):
        copy = tmp_path / file
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, copy)
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found
        (tools / tool).symlink_to(found)
    return tmp_path


def ready(checkout: Path, *arguments: str) -> str:
    """What `make ready` says before it fails, without make's own last word."""
    make = shutil.which("make")
    assert make
    done = subprocess.run(
        [make, "ready", *arguments],
        cwd=checkout,
        env={"PATH": str(checkout / "tools"), "HOME": os.environ.get("HOME", "/")},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2, done.stdout
    *said, last = done.stderr.splitlines()
    assert "make: ***" in last
    return "\n".join(said)


def python(checkout: Path, script: str) -> Path:
    file = checkout / "python"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def test_a_machine_without_python_is_told_what_was_looked_for(checkout: Path) -> None:
    assert ready(checkout) == (
        "Python 3.11, 3.12 or 3.13 is needed; not found: python3 python3.13 python3.12 python3.11."
        " Give the path of one: make PYTHON=..."
    )


def test_a_python_that_is_not_there_is_named(checkout: Path) -> None:
    assert "is needed; not found: nowhere/python." in ready(checkout, "PYTHON=nowhere/python")


def test_a_python_that_is_too_old_is_named(checkout: Path) -> None:
    old = python(checkout, 'test "$1" = --version && echo Python 3.9.2')
    assert f"is needed; {old} is Python 3.9.2." in ready(checkout, f"PYTHON={old}")


def test_a_python_without_venv_leaves_nothing_half_made(checkout: Path) -> None:
    """As on Debian without python3-venv: it makes `.venv/bin/python`, and fails for want of pip."""
    debian = python(
        checkout,
        f"""
        case "$*" in
            "-m venv"*) {sys.executable} -m venv --without-pip .venv; echo "ensurepip is not available"; exit 1;;
            *ensurepip*) exit 1;;
        esac
        exec {sys.executable} "$@"
        """,
    )
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    for _ in range(2):
        assert ready(checkout, f"PYTHON={debian}") == (
            f"{debian} cannot create .venv: it has no venv or pip; on Debian and Ubuntu, install {package}"
        )
        assert not (checkout / ".venv").exists()


def test_an_environment_without_pip_is_made_anew(checkout: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", checkout / ".venv"], check=True)
    full = python(
        checkout,
        f"""
        case "$*" in "-m venv"*) echo "No space left on device"; exit 1;; esac
        exec {sys.executable} "$@"
        """,
    )
    assert ready(checkout, f"PYTHON={full}") == f"{full} cannot create .venv: No space left on device"
    assert not (checkout / ".venv").exists()
