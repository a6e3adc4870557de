"""Tests that the examples of docs/clients.md have no type errors, and work with the demo data of the local cloud."""

import os
import shlex
from pathlib import Path

import pytest

from infra.clients import Clients
from infra.local.endpoints import Endpoints
from tests.clients.conftest import FOLDER, Client
from tests.command import Command
from tests.documents.pages import pages

PAGE = pages()["docs/clients.md"]
OUTPUT = """\
acme-gifts active
Acme mug 14.50 USD
completed 1
completed
""".splitlines()


@pytest.fixture
def program(client: Client, tmp_path: Path) -> Path:
    """Create one program from the examples of the page in the language of the client, in the order of the page."""
    file = tmp_path / f"examples.{client.suffix}"
    file.write_text("\n".join(block.code for block in PAGE.blocks if block.language == client.language))
    return file


@pytest.fixture
def variables(cloud: Endpoints, shared: Path) -> dict[str, str]:
    """Return the environment variables that `wecelebrate env` prints."""
    result = Command(shared, {**os.environ, "WECELEBRATE_HOME": str(shared)})("env")
    words = shlex.split(result.stdout)
    return dict(word.split("=", 1) for word in words if "=" in word)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_examples_and_scenarios_have_exactly_the_expected_type_errors(client: Client, program: Path) -> None:
    client.check_types(program, FOLDER / f"scenarios.{client.suffix}")


def test_the_examples_print_the_demo_data(client: Client, program: Path, variables: dict[str, str]) -> None:
    output = client.run(program, **variables).splitlines()
    assert [line for line in OUTPUT if not any(printed.startswith(line) for printed in output)] == []
    assert output[-1].lower() == "true"


def test_the_page_contains_the_names_of_the_built_packages(clients: Clients) -> None:
    (console,) = (block.code for block in PAGE.blocks if block.code.startswith("$ make clients\n"))
    assert console.splitlines()[1:] == [f"build/clients/{clients.wheel.name}", f"build/clients/{clients.tarball.name}"]
    for package in (clients.wheel, clients.tarball):
        assert any(f" install $CHECKOUT/build/clients/{package.name}" in block.code for block in PAGE.blocks)
