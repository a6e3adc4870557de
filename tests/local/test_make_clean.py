"""Tests the Makefile: which files `make clean` removes without a question, and which certificates Node.js trusts."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.functions import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with installed packages and the data of a local cloud. A script replaces the command `wecelebrate`.

    The script refuses `down --erase` without `--yes`, as the real command does if the cloud has data and nobody
    answers.
    """
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / ".local").mkdir()
    (tmp_path / "build").mkdir()
    program = tmp_path / ".venv" / "bin" / "wecelebrate"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\n[ "$*" = "down --erase --yes" ]\n')
    program.chmod(0o755)
    return tmp_path


def make(checkout: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run make without a terminal."""
    program = shutil.which("make")
    assert program
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [program, *arguments],
        cwd=checkout,
        env=kept | environment,
        stdin=subprocess.DEVNULL,
        check=False,
        capture_output=True,
        text=True,
    )


def test_make_clean_removes_nothing_if_the_question_about_the_data_is_not_answered(checkout: Path) -> None:
    completed = make(checkout, "clean")
    assert completed.returncode == 2
    assert "make clean YES=1" in completed.stderr
    assert {file.name for file in checkout.iterdir()} == {"Makefile", ".local", "build", ".venv"}


@pytest.mark.parametrize("home", [None, "other", "checkout"])
def test_make_clean_asks_before_it_removes_the_data_in_each_folder(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory, home: str | None
) -> None:
    """In this test, the script behaves as if the answer was yes, and records the folder in the question."""
    other, log = tmp_path_factory.mktemp("other"), tmp_path_factory.mktemp("asked") / "homes"
    (checkout / ".venv" / "bin" / "wecelebrate").write_text(f'#!/bin/sh\necho "$WECELEBRATE_HOME" >> {log}\n')
    homes = {"other": str(other), "checkout": str(checkout)}
    completed = make(checkout, "clean", **({"WECELEBRATE_HOME": homes[home]} if home else {}))
    assert completed.returncode == 0, completed.stderr
    expected = [str(other), str(checkout)] if home == "other" else [str(checkout)]
    assert log.read_text().splitlines() == expected


def test_make_clean_asks_separately_about_the_data_of_the_checkout(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    (checkout / ".venv" / "bin" / "wecelebrate").write_text(f'#!/bin/sh\n[ "$WECELEBRATE_HOME" = {other} ]\n')
    completed = make(checkout, "clean", WECELEBRATE_HOME=str(other))
    assert completed.returncode == 2
    assert {file.name for file in checkout.iterdir()} == {"Makefile", ".local", "build", ".venv"}


def test_make_clean_removes_no_data_if_the_wecelebrate_command_is_missing(checkout: Path) -> None:
    shutil.rmtree(checkout / ".venv")
    completed = make(checkout, "clean")
    assert completed.returncode == 2
    assert "the local cloud has data in .local: make clean YES=1 removes it" in completed.stderr
    assert {file.name for file in checkout.iterdir()} == {"Makefile", ".local", "build"}


@pytest.mark.parametrize("is_damaged", [False, True])
def test_make_clean_with_yes_removes_everything(checkout: Path, is_damaged: bool) -> None:
    if is_damaged:
        (checkout / ".venv" / "bin" / "wecelebrate").write_text("#!/bin/sh\nexit 1\n")
    completed = make(checkout, "clean", "YES=1")
    assert completed.returncode == 0, completed.stderr
    assert [file.name for file in checkout.iterdir()] == ["Makefile"]


def test_node_trusts_the_certificates_of_the_machine_by_default(
    checkout: Path,
) -> None:
    bundles = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")
    bundle = next((file for file in bundles if Path(file).exists()), "")
    show = ("-s", "--eval", "show: ; @echo $$NODE_EXTRA_CA_CERTS", "show")
    assert make(checkout, *show).stdout.strip() == bundle
    assert make(checkout, *show, NODE_EXTRA_CA_CERTS="/etc/company.pem").stdout.strip() == "/etc/company.pem"
