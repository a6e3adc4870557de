"""Tests that a command refuses to act if the variables of the shell do not identify exactly one platform."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra import operator_settings
from infra.command import app, target
from infra.command.errors import BadUsage

URL = "https://api.example.com"


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Create settings in which two environments have domains, and remove all variables of the shell."""
    monkeypatch.setattr(operator_settings, "FOLDER", tmp_path)
    for name in ("prod", "staging"):
        certificate = f"arn:aws:acm:us-east-1:{'1' * 12}:certificate/{name}"
        text = f'domain = "{name}.example.com"\ncertificate = "{certificate}"\n'
        (tmp_path / f"{name}.toml").write_text(text, "utf-8")
    for variable in ("WECELEBRATE_API", "WECELEBRATE_ENV", "WECELEBRATE_ENV_API", "WECELEBRATE_TOKEN"):
        monkeypatch.delenv(variable, raising=False)


def shell(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"WECELEBRATE_{name}", value)


@pytest.mark.parametrize(
    ("variables", "problem"),
    [
        (("prod", "https://staging.example.com", None), "this is the API of staging"),
        (("dev", "https://prod.example.com", None), "this is the API of prod"),
        (("prod", "https://d2.cloudfront.example", "https://d1.cloudfront.example"), "the sign-in was to https://d1"),
        (("api.example.com", "https://api.other.example", None), "this is not the API of api.example.com"),
    ],
)
@pytest.mark.parametrize("named", [None, "the environment"])
def test_an_api_url_that_does_not_belong_to_the_signed_in_environment_is_refused(
    monkeypatch: pytest.MonkeyPatch, variables: tuple[str, str, str | None], problem: str, named: str | None
) -> None:
    environment, url, stated = variables
    shell(monkeypatch, ENV=environment, API=url, TOKEN="t", **({"ENV_API": stated} if stated else {}))
    token = target.NAMED.set(environment if named else None)
    try:
        with pytest.raises(BadUsage, match=problem) as refused:
            target.remote_api()
    finally:
        target.NAMED.reset(token)
    assert f"WECELEBRATE_ENV is {environment}, but WECELEBRATE_API is {url}" in str(refused.value)


@pytest.mark.parametrize(
    ("environment", "url", "stated"),
    [
        ("prod", "https://prod.example.com", "https://prod.example.com/"),
        ("prod", "https://d1.cloudfront.example", None),
        ("dev", "https://d1.cloudfront.example", "https://d1.cloudfront.example"),
        ("api.example.com", URL, URL),
        (None, "https://prod.example.com", None),
    ],
)
def test_an_api_url_is_used_if_it_can_belong_to_the_signed_in_environment(
    monkeypatch: pytest.MonkeyPatch, environment: str | None, url: str, stated: str | None
) -> None:
    shell(monkeypatch, API=url, TOKEN="t")
    shell(monkeypatch, **({"ENV": environment} if environment else {}), **({"ENV_API": stated} if stated else {}))
    assert target.remote_api() == (url, "t")


def test_the_option_for_the_local_cloud_overrides_all_variables_of_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    shell(monkeypatch, ENV="prod", API="https://staging.example.com", TOKEN="t")
    token = target.NAMED.set("local")
    try:
        assert target.remote_api() == (None, None)
    finally:
        target.NAMED.reset(token)


def test_the_environment_of_one_command_does_not_affect_the_next_command() -> None:
    assert CliRunner().invoke(app, ["--env", "prod", "up"]).exit_code
    assert target.NAMED.get() is None
