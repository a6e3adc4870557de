"""Tests that the architecture diagram is up to date, and that the templates contain all its services."""

import pytest

from infra.diagram import FILE, SERVICES, svg
from infra.functions import FunctionSpec
from tests.infra.aws.templates import Templates


def test_the_architecture_diagram_shows_the_current_declarations(specs: tuple[FunctionSpec, ...]) -> None:
    assert FILE.read_text("utf-8") == svg(specs), "run `python -m infra.diagram`"


@pytest.mark.parametrize(("service", "resource_type"), SERVICES.items())
def test_the_stacks_create_each_service_that_the_architecture_diagram_shows(
    service: str, resource_type: str, dev: Templates
) -> None:
    assert service in FILE.read_text("utf-8")
    assert any(dev.of_type(stack, resource_type) for stack in dev.templates)
