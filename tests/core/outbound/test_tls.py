"""Tests how server certificates are checked, and that redirects from https to http are refused."""

import datetime
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.core.http_server import HttpServer, answer, serving
from tests.core.outbound.conftest import Resolver
from wecelebrate.core import outbound
from wecelebrate.core.outbound import NotAllowed, Unreachable, fetch


@pytest.fixture
def server_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """The TLS context of a server. Clients trust the certificate of the server. The certificate is valid for
    images.example.com.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tests")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("images.example.com")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "certificate.pem"
    file.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    outbound._tls_context.cache_clear()
    yield context
    outbound._tls_context.cache_clear()


def https_url(served: HttpServer, monkeypatch: pytest.MonkeyPatch, host: str = "images.example.com") -> str:
    monkeypatch.setattr("wecelebrate.core.outbound.addresses._PORTS", {"http": 80, "https": served.port})
    return f"https://{host}/"


def test_the_certificate_must_match_the_host_name(
    server_tls: ssl.SSLContext, names: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    server_names: list[str | None] = []
    server_tls.sni_callback = lambda _connection, name, _context: server_names.append(name)
    names(["127.0.0.1"])
    with serving(answer(200, b"secret"), server_tls) as served:
        assert fetch("GET", https_url(served, monkeypatch)).body == b"secret"
        with pytest.raises(Unreachable, match="certificate is not valid"):
            fetch("GET", https_url(served, monkeypatch, "other.example.com"))
        with pytest.raises(Unreachable, match="certificate is not valid"):
            fetch("GET", https_url(served, monkeypatch, "127.0.0.1"))
    assert server_names[:2] == ["images.example.com", "other.example.com"]


def test_a_redirect_from_https_to_http_is_not_allowed(
    server_tls: ssl.SSLContext, names: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    names(["127.0.0.1"])
    redirect = answer(302, Location="http://images.example.com/")
    with serving(redirect, server_tls) as served, pytest.raises(NotAllowed, match="from https to http"):
        fetch("GET", https_url(served, monkeypatch), max_redirects=1)
