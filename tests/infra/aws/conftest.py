"""Fixtures with the templates of each environment. The templates are synthesised once per test run."""

import fcntl
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from infra.aws.layers import Layer
from infra.functions import OPTIONAL_LAYERS, FunctionSpec, functions
from tests.infra.aws.templates import Templates, read, synthesise

SETTINGS = """
zones = ["us-east-1c", "us-east-1d"]
concurrency = 1000
capacity = [0.5, 64]
firewall = "count"
requests_per_address = 9000
workers = {queues-emails = 7}
domain = "api.example.com"
certificate = "arn:aws:acm:us-east-1:123456789012:certificate/0b0e4d7c"
platform_domain = "gifts.example.com"
mail_domain = "mail.example.com"
mail_rate = 50
mail_verified = true
alarm_email = "ops@example.com"
budget = 300
console_urls = ["https://console.example.com/signed-in"]
shop_urls = ["https://acme.gifts.example.com/signed-in"]
machines = ["acme-shop", "globex"]
origin_secret = 7
secrets_version = 3
traces = false
proxy = "off"
console = true
console_domain = "console.example.com"
console_certificate = "arn:aws:acm:us-east-1:123456789012:certificate/1b0e4d7c"
"""
ERP_GRANT = """
[[grant]]
name = "acme-sap"
principal = "arn:aws:iam::210987654321:role/sap"
external_id = "acme-12345678"
catalogs = ["ca100000-0000-7000-8000-000000000001"]
destinations = ["de500000-0000-7000-8000-000000000001"]

[[grant]]
name = "globex"
principal = "arn:aws:iam::210987654321:role/globex"
external_id = "globex-12345678"
catalogs = ["ca100000-0000-7000-8000-000000000002"]
ended = true
"""


@pytest.fixture(scope="session")
def specs() -> tuple[FunctionSpec, ...]:
    """All declared functions."""
    return functions()


@pytest.fixture(scope="session")
def stub_layers(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Layer]:
    """Layers without packages. The tests in `test_layers.py` check the contents of the real layers."""
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


@pytest.fixture(scope="session")
def staging(shared: Path, specs: tuple[FunctionSpec, ...], stub_layers: Mapping[str, Layer]) -> Templates:
    """The templates of the environment `staging`."""
    return synthesise_once(shared / "staging", specs, stub_layers, environment="staging")


@pytest.fixture(scope="session")
def named(shared: Path, specs: tuple[FunctionSpec, ...], stub_layers: Mapping[str, Layer]) -> Templates:
    """The templates of `dev` for an operator who has set all settings."""
    folder = shared / "settings"
    folder.mkdir(exist_ok=True)
    (folder / "dev.toml").write_text(SETTINGS)
    (folder / "dev-erp.toml").write_text(ERP_GRANT)
    return synthesise_once(shared / "named", specs, stub_layers, settings_folder=str(folder))


def synthesise_once(
    folder: Path, specs: tuple[FunctionSpec, ...], layers: Mapping[str, Layer], **context: str
) -> Templates:
    """Synthesise the templates in the first pytest worker that needs them.

    All other workers read the finished templates, because the synthesis takes several seconds.
    """
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return read(folder) if folder.exists() else synthesise(folder, specs, layers, **context)
