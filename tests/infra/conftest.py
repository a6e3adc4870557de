"""The platform, synthesised once per environment."""

import os
from collections.abc import Mapping

import pytest

from infra.functions import OPTIONAL_LAYERS, FunctionSpec, functions
from infra.layers import Layer
from tests.infra.templates import Cloud, synthesise


@pytest.fixture(scope="session")
def specs() -> tuple[FunctionSpec, ...]:
    """The functions that are declared."""
    return functions()


@pytest.fixture(scope="session")
def stub_layers(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Layer]:
    """Layers that hold nothing: what is in them is another test's matter."""
    layers = {}
    for name in ("core", "base", "http", *OPTIONAL_LAYERS):
        folder = tmp_path_factory.mktemp(name)
        (folder / "python").mkdir()
        (folder / "python" / f"{name}.py").touch()
        layers[name] = Layer(name, folder, f"digest-of-{name}")
    return layers


@pytest.fixture(scope="session")
def dev(
    tmp_path_factory: pytest.TempPathFactory, specs: tuple[FunctionSpec, ...], stub_layers: Mapping[str, Layer]
) -> Cloud:
    """The environment `dev`, which no context names, without a trace of credentials."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("AWS_", "CDK_")):
                patch.delenv(name)
        return synthesise(tmp_path_factory.mktemp("dev"), specs, stub_layers)


@pytest.fixture(scope="session")
def prod(
    tmp_path_factory: pytest.TempPathFactory, specs: tuple[FunctionSpec, ...], stub_layers: Mapping[str, Layer]
) -> Cloud:
    """The environment `prod`."""
    return synthesise(tmp_path_factory.mktemp("prod"), specs, stub_layers, environment="prod")
