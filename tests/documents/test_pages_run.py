"""Runs the commands of README.md and of every page of docs/, in their reading order, on one new local cloud.

The test starts the cloud with the command of README.md, but on other ports than the defaults. All pages run in bash.
WECELEBRATE_DOCS_SHELL=zsh runs them in zsh.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import psycopg
import pytest

from infra.functions import ROOT
from infra.local import control
from infra.local.endpoints import Ports, load_endpoints
from tests.documents.forked_commands import forked_commands
from tests.documents.pages import Page, Step, guides, steps
from tests.documents.shell import Shell
from tests.faults.environment import FULL

START = "make dev"
NOT_RUN = {
    "git clone": "The test runs in a checkout.",
    "AWS_PROFILE=": "It needs an AWS account.",
    "make preflight": "It needs an AWS account.",
    "make deploy": "It needs an AWS account.",
    "make destroy": "It needs an AWS account.",
    "aws ": "It needs an AWS account.",
    "wecelebrate first-admin": "It needs an AWS account.",
    "curl -s -4 https://ipv4": "It needs the internet and an AWS account. tests/infra/deploy tests the command.",
    "wecelebrate --env prod": "It needs an AWS account.",
    "wecelebrate check-database": "It needs an AWS account. tests/database/test_database_check.py tests it.",
    "cdk rollback": "It needs an AWS account.",
    'curl -s -X PATCH "$API/v1/clients/ID"': "It would disable a client.",
    'curl -s "$(wecelebrate shop': "tests/local/test_shop_command.py runs it. It would change the demo data.",
    "wecelebrate tenant": "It needs a restored database. tests/database/test_tenant_restore.py tests it.",
    "git remote": "The command would change the repository.",
    "git fetch": "The commands would change the checkout.",
    "make clients": "tests/clients builds the clients and compares the names of the packages.",
    "CHECKOUT=$(pwd)": "tests/clients installs the packages in another folder.",
    "python3 -m venv .venv && .venv/bin/pip install": "tests/clients installs the package in another folder.",
    "npm install $CHECKOUT": "tests/clients installs the package in another folder.",
    "cd $CHECKOUT": "tests/clients installs the packages in another folder.",
    "git tag": "It would change the repository.",
}
"""Maps the beginning of each command that the test does not run to the reason."""

_DEMO = {
    "clients": "select id, name, slug, tier, is_active from clients where slug <> 'rehearsal' order by id",
    "sites": """select id, name, domain, status, catalog_id, branding, settings from sites where name <> 'Second shop'
        order by id""",
    "catalogs": """select id, name, status, currency, sync_settings from catalogs
        where name not in ('Old range', 'Second shop') order by id""",
    "grants": "select catalog_id, client_id from catalog_grants order by 1, 2",
    "products": "select sku, name, price, is_active from products where sku ~ '^(CEL|ACM|GLX)-' order by sku",
    "switches": "select * from kill_switches order by 1",
    "webhooks": "select id from webhooks",
    "schedules": "select id from schedules",
}
"""The rows on which the examples of the pages depend. No page may change these rows. The queries exclude a client, a
catalog and a shop that examples create and no other page needs."""


@contextmanager
def new_cloud(home: Path) -> Iterator[Shell]:
    """Start a local cloud with `make dev`, and yield the shell of a developer who has started it in another
    terminal.
    """
    shell = Shell(os.environ.get("WECELEBRATE_DOCS_SHELL", "bash"), home, Ports.free())
    log = home / "make-dev.log"
    with log.open("w") as output:
        # -o: make does not install packages while the tests run.
        process = subprocess.Popen(
            ["make", "-o", ".venv/.ready", "dev"],
            cwd=ROOT,
            env=shell.environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        while "Ctrl-C stops it" not in log.read_text("utf-8"):
            assert process.poll() is None, log.read_text("utf-8")
            time.sleep(0.1)
        yield shell
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(60)
        control.erase(home / ".local")


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """The shell that runs all pages, one after another.

    `wecelebrate` runs in forks of one process. If FULL is set, each call is a new process.
    """
    with new_cloud(tmp_path_factory.mktemp("documents")) as shell:
        if FULL:
            yield shell
            return
        with forked_commands(shell.environment) as functions:
            yield replace(shell, functions=functions)


@lru_cache(maxsize=1)
def all_steps() -> tuple[Step, ...]:
    """Return the commands of all pages."""
    return tuple(step for page in guides() for step in page_steps(page))


def page_steps(page: Page) -> list[Step]:
    return [step for block in page.blocks if block.language in ("sh", "console") for step in steps(block)]


def is_run(step: Step) -> bool:
    return not step.command.startswith((START, *NOT_RUN))


def commands_of(page: Page) -> list[Step]:
    return [step for step in page_steps(page) if is_run(step)]


def demo(home: Path) -> dict[str, list[Any]]:
    with psycopg.connect(load_endpoints(home / ".local").database) as connection:
        return {name: connection.execute(query.encode()).fetchall() for name, query in _DEMO.items()}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", guides(), ids=lambda page: page.name)
def test_the_output_of_each_command_equals_the_output_on_the_page(page: Page, shell: Shell) -> None:
    before = demo(shell.home)
    shell.run(commands_of(page))
    assert demo(shell.home) == before, f"{page.name} changes data that other pages need"


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", [page for page in guides()[1:] if commands_of(page)], ids=lambda page: page.name)
def test_each_page_runs_between_two_runs_of_the_readme(page: Page, tmp_path: Path) -> None:
    readme = commands_of(guides()[0])
    with new_cloud(tmp_path) as shell:
        shell.run(readme)
        shell.run(commands_of(page))
        # The file has no new products in the second run, so the output differs. Check only the exit codes.
        shell.run([replace(step, output=None) for step in readme])


def test_the_readme_shows_the_output_of_the_command_that_starts_the_cloud(shell: Shell) -> None:
    (start,) = (step for step in all_steps() if step.command == START)
    assert not shell.difference(start, (shell.home / "make-dev.log").read_text("utf-8"))


@pytest.mark.parametrize("beginning", NOT_RUN)
def test_every_excluded_command_exists_on_a_page(beginning: str) -> None:
    assert any(step.command.startswith(beginning) for step in all_steps())
