"""Tests that commands for the local cloud do not read the certificates of authorities. Reading these certificates takes
longer than the requests of the commands.
"""

import os
import ssl

import httpx
import pytest

from infra.local.mailbox import sent
from infra.local.plain_http import NO_AUTHORITIES
from tests.command import CommandHere
from tests.platform import Platform


def test_commands_for_the_local_cloud_read_no_certificates(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the certificates of the authorities are read")

    monkeypatch.setattr(ssl.SSLContext, "load_verify_locations", refuse)
    home = platform.state.parent
    result = CommandHere(home, {**os.environ, "WECELEBRATE_HOME": str(home)})("switch", "--json")
    assert result.returncode == 0, result.stderr
    assert sent(platform.endpoints.s3, ["nobody@example.test"]) == []


def test_the_tls_context_without_authorities_accepts_no_certificate() -> None:
    assert NO_AUTHORITIES.verify_mode == ssl.CERT_REQUIRED
    assert NO_AUTHORITIES.check_hostname
    assert NO_AUTHORITIES.get_ca_certs() == []
    with httpx.Client(trust_env=False) as usual:
        assert usual._transport._pool._ssl_context.get_ca_certs()  # type: ignore[attr-defined]
