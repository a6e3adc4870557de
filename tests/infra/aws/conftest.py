"""The platform, synthesised once per environment."""

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from infra.aws.layers import Layer
from infra.functions import OPTIONAL_LAYERS, FunctionSpec, functions
from tests.infra.aws.templates import Cloud, read, synthesise


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
def dev(shared: Path, specs: tuple[FunctionSpec, ...], stub_layers: Mapping[str, Layer]) -> Cloud:
    """The environment `dev`, which no context names, without a trace of credentials."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("AWS_", "CDK_")):
                patch.delenv(name)
        return synthesised_once(shared / "dev", specs, stub_layers)


@pytest.fixture(scope="session")
def prod(shared: Path, specs: tuple[FunctionSpec, ...], stub_layers: Mapping[str, Layer]) -> Cloud:
    """The environment `prod`."""
    return synthesised_once(shared / "prod", specs, stub_layers, environment="prod")


def synthesised_once(
    folder: Path, specs: tuple[FunctionSpec, ...], layers: Mapping[str, Layer], **context: str
) -> Cloud:
    """What whichever worker came first synthesised: it takes seconds."""
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return read(folder) if folder.exists() else synthesise(folder, specs, layers, **context)
