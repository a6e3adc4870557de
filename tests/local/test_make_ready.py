"""Tests `make ready` on machines where Python is missing, too old, or installed without venv or pip."""

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
    """A folder with the files that the Makefile needs. PATH contains only its subfolder `tools`, which has no
    Python."""
    for file in ("Makefile", "pyproject.toml", "uv.lock", "layers/core/pyproject.toml"):
        copy = tmp_path / file
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, copy)
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in TOOLS:
        program = shutil.which(tool)
        assert program
        (tools / tool).symlink_to(program)
    return tmp_path


def failed_make_ready(checkout: Path, *arguments: str) -> str:
    """Run `make ready`, and check that it fails. Return the error output without the last line, because make adds this
    line."""
    make = shutil.which("make")
    assert make
    completed = subprocess.run(
        [make, "ready", *arguments],
        cwd=checkout,
        env={"PATH": str(checkout / "tools"), "HOME": os.environ.get("HOME", "/")},
        check=False,
        capture_output=True,
        text=True,
    )
    assert completed.returncode == 2, completed.stdout
    *lines, last = completed.stderr.splitlines()
    assert "make: ***" in last
    return "\n".join(lines)


def fake_python(checkout: Path, script: str) -> Path:
    """Write a shell script that `make ready` uses instead of Python."""
    file = checkout / "python"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def test_the_error_for_missing_python_mentions_the_programs_that_were_not_found(checkout: Path) -> None:
    assert failed_make_ready(checkout) == (
        "Python 3.11, 3.12 or 3.13 is needed; not found: python3 python3.13 python3.12 python3.11."
        " Install one of them, or give its path: make PYTHON=..."
    )


def test_the_error_for_a_missing_program_mentions_the_program(checkout: Path) -> None:
    assert "is needed; not found: nowhere/python." in failed_make_ready(checkout, "PYTHON=nowhere/python")


def test_the_error_for_a_python_version_that_is_too_old_mentions_the_version(checkout: Path) -> None:
    old = fake_python(checkout, 'test "$1" = --version && echo Python 3.9.2')
    assert f"is needed; {old} is Python 3.9.2." in failed_make_ready(checkout, f"PYTHON={old}")


def test_make_ready_removes_an_incomplete_virtual_environment(checkout: Path) -> None:
    """On Debian without python3-venv, Python creates `.venv/bin/python`, and then fails because pip is missing."""
    debian = fake_python(
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
        assert failed_make_ready(checkout, f"PYTHON={debian}") == (
            f"{debian} cannot create .venv: it has no venv or no pip; on Debian and Ubuntu, install {package}"
        )
        assert not (checkout / ".venv").exists()


def test_a_virtual_environment_without_pip_is_created_again(checkout: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", checkout / ".venv"], check=True)
    full = fake_python(
        checkout,
        f"""
        case "$*" in "-m venv"*) echo "No space left on device"; exit 1;; esac
        exec {sys.executable} "$@"
        """,
    )
    assert failed_make_ready(checkout, f"PYTHON={full}") == f"{full} cannot create .venv: No space left on device"
    assert not (checkout / ".venv").exists()
