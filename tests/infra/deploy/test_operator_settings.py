"""Tests the settings files of environments, and the files that grant ERP systems access."""

import re
import tomllib
from pathlib import Path

import pytest

from infra.deploy.erp import grant_access
from infra.environments import Environment, get_environment
from infra.functions import ROOT
from infra.operator_settings import OperatorSettings

CATALOG = "ca100000-0000-7000-8000-000000000001"
PRINCIPAL = "arn:aws:iam::210987654321:role/sap"


def environment(folder: Path, name: str = "dev", **context: object) -> Environment:
    return get_environment(name, {"settings_folder": str(folder), **context}.get)


def test_each_environment_has_default_settings_if_no_file_exists(tmp_path: Path) -> None:
    dev = environment(tmp_path)
    assert (dev.concurrency, dev.zones) == (10, ("us-east-1a", "us-east-1b"))
    assert dev.mail_domain == dev.platform_domain == "dev.wecelebrate.invalid"
    assert environment(tmp_path, "prod").concurrency == 1000


def test_the_cdk_context_overrides_the_settings_file(
    tmp_path: Path,
) -> None:
    (tmp_path / "dev.toml").write_text('zones = ["us-east-1c", "us-east-1d"]\nmail_domain = "mail.example.com"\n')
    dev = environment(tmp_path, mail_domain="other.example.com", console_urls="https://a.example/,https://b.example/")
    assert dev.zones == ("us-east-1c", "us-east-1d")
    assert dev.mail_domain == "other.example.com"
    assert dev.settings.console_urls == ("https://a.example/", "https://b.example/")


def test_the_example_of_the_guide_contains_all_settings_for_a_customer_environment() -> None:
    text = (ROOT / "docs" / "prod.example.toml").read_text("utf-8")
    settings = OperatorSettings.model_validate(tomllib.loads(text))
    assert settings.account and settings.mail_domain and settings.platform_domain and settings.alarm_email


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('mail_domian = "x"', "mail_domian: Extra inputs"),
        ('mail_domain = "no domain"', "mail_domain: String should match"),
        ('domain = "api.example.com"', "only one of the settings `domain` and `certificate`"),
        ('certificate = "arn:aws:acm:eu-west-1:123456789012:certificate/x"', "certificate: String should match"),
        ("mail_rate = 0", "mail_rate: Input should be greater than 0"),
        ('zones = ["use1-az3"]', "zones.0: String should match"),
        ("zones = [", "Invalid value"),
        ('account = "1234"', "account: String should match"),
        ("capacity = [4, 2]", "the minimum of `capacity` is above its maximum"),
        ("capacity = [0.3, 2]", "capacity.0: Input should be"),
        ("capacity = [1]", "capacity"),
        ("workers = {queues-emails = 1}", "workers.queues-emails: Input should be greater than or equal to 2"),
        ('firewall = "off"', "firewall: Input should be 'block' or 'count'"),
        ('machines = ["Acme"]', "machines.0: String should match"),
        ('machines = ["acme-1", "acme1"]', "two `machines` have the same name"),
        (f"machines = {[f'shop-{number}' for number in range(41)]}", "machines: Tuple should have at most 40"),
    ],
)
def test_the_error_for_an_invalid_setting_contains_the_file_and_the_setting(
    tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "dev.toml").write_text(text)
    with pytest.raises(ValueError, match=r"dev\.toml") as error:
        environment(tmp_path)
    assert message in str(error.value)


def test_a_setting_with_only_one_availability_zone_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dev.toml").write_text('zones = ["us-east-1a"]')
    with pytest.raises(ValueError, match="at least two availability zones"):
        environment(tmp_path)


def test_an_erp_grant_is_added_to_the_file_and_can_be_read_again(tmp_path: Path) -> None:
    first = grant_access(environment(tmp_path), "acme-sap", PRINCIPAL, [CATALOG], [], folder=tmp_path)
    second = grant_access(environment(tmp_path), "globex", PRINCIPAL, [], [CATALOG], folder=tmp_path)
    assert environment(tmp_path).settings.erp == (first, second)
    assert first.external_id != second.external_id
    with pytest.raises(ValueError, match="a grant named globex exists"):
        grant_access(environment(tmp_path), "globex", PRINCIPAL, [CATALOG], [], folder=tmp_path)


@pytest.mark.parametrize(
    ("name", "principal", "catalogs"),
    [
        ("acme", PRINCIPAL, []),
        ("acme", "*", [CATALOG]),
        ("acme", PRINCIPAL, ["../other"]),
        ("acme", PRINCIPAL, ["*"]),
        ("Acme Inc", PRINCIPAL, [CATALOG]),
    ],
)
def test_an_erp_grant_with_too_much_access_or_without_access_is_refused(
    tmp_path: Path, name: str, principal: str, catalogs: list[str]
) -> None:
    with pytest.raises(ValueError, match=r"should match|needs"):
        grant_access(environment(tmp_path), name, principal, catalogs, [], folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_upgrade_page_names_new_settings_and_the_error_for_an_unknown_setting(
    tmp_path: Path,
) -> None:
    page = (ROOT / "docs" / "upgrade.md").read_text("utf-8")
    listed = re.search(r"These\s+settings are new: (.*?)\. ", page, re.DOTALL)
    assert listed
    names = re.findall(r"`(\w+)`", listed[1])
    assert "proxy" in names
    assert set(names) <= OperatorSettings.model_fields.keys()
    (tmp_path / "dev.toml").write_text("setting_of_a_later_release = 1\n")
    with pytest.raises(ValueError, match="setting_of_a_later_release: ") as refusal:
        environment(tmp_path)
    assert str(refusal.value).partition("release: ")[2] in page


def test_the_domain_of_the_console_requires_a_certificate_and_the_console(tmp_path: Path) -> None:
    file, certificate = (
        tmp_path / "dev.toml",
        'console_certificate = "arn:aws:acm:us-east-1:123456789012:certificate/1"',
    )
    domain = 'console_domain = "console.example.com"'
    file.write_text(f"console = true\n{domain}\n")
    with pytest.raises(ValueError, match="console_domain"):
        environment(tmp_path)
    file.write_text(f"{domain}\n{certificate}\n")
    with pytest.raises(ValueError, match="`console_domain` needs `console = true`"):
        environment(tmp_path)
    file.write_text(f"console = true\n{domain}\n{certificate}\n")
    assert environment(tmp_path).settings.console_domain == "console.example.com"
