"""Fixtures with the templates of each environment. The templates are synthesised once per test run."""

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from infra.aws.layers import Layer
from infra.functions import OPTIONAL_LAYERS, FunctionSpec, functions
from tests.infra.aws.templates import Templates, read, synthesise


@pytest.fixture(scope="session")
def specs() -> tuple[FunctionSpec, ...]:
    """All declared functions."""
    return functions()


@pytest.fixture(scope="session")
def stub_layers(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Layer]:
    """Layers that contain no packages. The tests in `test_layers.py` check the contents of the real layers."""
    layers = {}
    for name in ("core", "base", "http", *OPTIONAL_LAYERS):
        folder = tmp_path_factory.mktemp(name)
        (folder / "python").mkdir()
        (folder / "python" / f"{name}.py").touch()
        layers[name] = Layer(name, folder, f"digest-of-{name}")
    return layers


@pytest.fixture(scope="session")
def dev(shared: Path, specs: tuple[FunctionSpec, ...], stub_layers: Mapping[str, Layer]) -> Templates:
    """The templates of the default environment, `dev`, synthesised without AWS credentials."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("AWS_", "CDK_")):
                patch.delenv(name)
        return synthesise_once(shared / "dev", specs, stub_layers)


@pytest.fixture(scope="session")
def prod(shared: Path, specs: tuple[FunctionSpec, ...], stub_layers: Mapping[str, Layer]) -> Templates:
    """The templates of the environment `prod`."""
    return synthesise_once(shared / "prod", specs, stub_layers, environment="prod")


def synthesise_once(
    folder: Path, specs: tuple[FunctionSpec, ...], layers: Mapping[str, Layer], **context: str
) -> Templates:
    """Synthesise the templates in the first pytest worker that needs these templates.

    The other workers read the finished templates, because the synthesis takes several seconds.
    """
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return read(folder) if folder.exists() else synthesise(folder, specs, layers, **context)
