"""Tests how a function signs in to the database on AWS: the IAM token, and the certificates that the function
accepts.
"""

import os
import socket
import ssl
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest
from psycopg import errors as pg
from psycopg.conninfo import conninfo_to_dict

from infra.certificates import authorities, bundle
from infra.environments import ENVIRONMENTS
from wecelebrate.core.database import Caller, login
from wecelebrate.core.database.endpoints import Endpoint, reader, writer
from wecelebrate.core.database.errors import EndedByReplica, is_connection_lost
from wecelebrate.core.database.iam_token import iam_token
from wecelebrate.core.database.transaction import _CallerTransaction
from wecelebrate.core.errors import Conflict, Unavailable
from wecelebrate.core.settings import Settings
from wecelebrate.schema import migrate

NOW = datetime(2026, 11, 27, 18, 30, tzinfo=UTC)
ADDRESS = "proxy.proxy-abc.us-east-1.rds.amazonaws.com:5432"


@pytest.fixture
def role(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Provide the credentials that Lambda gives to a function."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret+/key")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token/with+signs==")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    return monkeypatch


@pytest.mark.parametrize("user", ["wc_api", "wc_migrate", "name with spaces & signs"])
@pytest.mark.parametrize("session_token", ["token/with+signs==", None])
def test_the_token_is_equal_to_the_token_of_boto3(
    role: pytest.MonkeyPatch, user: str, session_token: str | None
) -> None:
    role.setattr("botocore.auth.get_current_datetime", lambda *_, **__: NOW.replace(tzinfo=None))
    if session_token is None:
        role.delenv("AWS_SESSION_TOKEN")
    client = boto3.session.Session().client("rds", region_name="us-east-1")
    host, _, port = ADDRESS.rpartition(":")
    expected = client.generate_db_auth_token(DBHostname=host, Port=int(port), DBUsername=user)
    assert iam_token(ADDRESS, user, NOW) == expected


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"])
def test_creating_a_token_without_credentials_raises_unavailable(role: pytest.MonkeyPatch, name: str) -> None:
    role.delenv(name)
    with pytest.raises(Unavailable, match=name):
        iam_token(ADDRESS, "wc_api")


def test_signing_a_token_does_not_import_boto3() -> None:
    code = (
        "import sys; from wecelebrate.core.database.login import connection_parameters as c; c('db.test:5432');"
        " print([name for name in ('boto3', 'botocore.session', 'botocore.auth') if name in sys.modules])"
    )
    credentials = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "us-east-1"}
    result = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | credentials, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def parameters(monkeypatch: pytest.MonkeyPatch, environment: str) -> dict[str, Any]:
    config = Settings(environment=environment, database_login="wc_api", database_name="wecelebrate")
    monkeypatch.setattr(login, "settings", lambda: config)
    return login.connection_parameters(ADDRESS)


def test_the_certificate_of_the_database_is_verified_on_aws(role: pytest.MonkeyPatch) -> None:
    on_aws = parameters(role, "prod")
    assert (on_aws["sslmode"], on_aws["sslrootcert"]) == ("verify-full", str(login.CERTIFICATES))
    assert on_aws["host"] + ":" + on_aws["port"] == ADDRESS
    assert "sslrootcert" not in parameters(role, "local")


def test_the_connection_timeout_of_a_deploy_step_is_longer_than_that_of_a_request(role: pytest.MonkeyPatch) -> None:
    config = Settings(environment="prod", database_login="wc_migrate", database_writer=ADDRESS)
    role.setattr(login, "settings", lambda: config)
    assert conninfo_to_dict(login.direct_url())["connect_timeout"] == "15"
    assert login.connection_parameters(ADDRESS)["connect_timeout"] == 2


def test_the_certificate_file_contains_the_authorities_of_proxy_and_regions() -> None:
    names = authorities()
    for number in range(1, 5):
        assert f"Amazon Root CA {number}" in names
    for region in {environment.region for environment in ENVIRONMENTS.values()}:
        for key in ("RSA2048", "RSA4096", "ECC384"):
            assert f"Amazon RDS {region} Root CA {key} G1" in names


def test_the_authority_certificates_are_valid_for_at_least_ten_years() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(login.CERTIFICATES)
    for certificate in context.get_ca_certs():
        not_after = certificate["notAfter"]
        assert isinstance(not_after, str)
        assert int(not_after.split()[3]) >= NOW.year + 10


def test_the_certificate_file_is_equal_to_the_bundle_of_the_declared_package() -> None:
    assert login.CERTIFICATES.read_text("utf-8") == bundle(), "run `python -m infra.certificates`"


def tls_server(certificate: Path, key: Path) -> tuple[socket.socket, int]:
    """Start a server that accepts the SSLRequest of PostgreSQL, and sends its certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        connection.recv(8)
        connection.sendall(b"S")
        try:
            context.wrap_socket(connection, server_side=True).close()
        except (ssl.SSLError, OSError):
            connection.close()

    threading.Thread(target=serve, daemon=True).start()
    return listener, listener.getsockname()[1]


def test_a_server_certificate_of_an_unknown_authority_is_refused(role: pytest.MonkeyPatch, tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    subprocess.run([*command.split(), "-keyout", key, "-out", certificate], check=True, capture_output=True)
    listener, port = tls_server(certificate, key)
    with listener, pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        psycopg.connect(**parameters(role, "prod") | {"host": "localhost", "port": port})
    listener, port = tls_server(certificate, key)
    with listener, pytest.raises(psycopg.OperationalError) as failure:
        trusted = {"host": "localhost", "port": port, "sslrootcert": str(certificate)}
        psycopg.connect(**parameters(role, "prod") | trusted)
    assert "certificate" not in str(failure.value)  # The handshake succeeded. Then the server closed the connection.


@pytest.mark.parametrize("sqlstate", ["08000", "08001", "08003", "08004", "08006", "08007", "08P01"])
def test_every_connection_error_means_that_the_connection_is_lost(sqlstate: str) -> None:
    error = pg.lookup(sqlstate)("the connection is gone")
    assert is_connection_lost(error)
    assert not is_connection_lost(pg.lookup("08P01")("query_wait_timeout"))
    assert not is_connection_lost(pg.lookup("40001")("conflict"))


@pytest.mark.parametrize("sqlstate", ["40001", "08006"])
def test_a_read_is_repeated_on_the_primary_if_the_replica_cancels_app_enter(
    monkeypatch: pytest.MonkeyPatch, sqlstate: str
) -> None:
    """A recovery conflict on the replica can end `app.enter`.

    On the primary, the same SQLSTATE 40001 means that two writes conflict.
    """

    def fail(_: Endpoint, address: str) -> None:
        raise pg.lookup(sqlstate)("canceling statement due to conflict with recovery")

    monkeypatch.setattr(Endpoint, "connected", fail)
    monkeypatch.setattr(reader, "skip_until", 0.0)
    with pytest.raises(EndedByReplica):
        _CallerTransaction(reader, "db.test:5432", Caller()).open()
    with pytest.raises(Conflict if sqlstate == "40001" else Unavailable):
        _CallerTransaction(writer, "db.test:5432", Caller()).open()


def test_migrations_retry_a_refused_connection_until_their_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts: list[str] = []

    def refuse(url: str, **_: object) -> None:
        attempts.append(url)
        raise psycopg.OperationalError("connection refused")

    monkeypatch.setattr("wecelebrate.schema.psycopg.connect", refuse)
    monkeypatch.setattr("wecelebrate.schema._CONNECT_PAUSE_SECONDS", 0.01)
    with pytest.raises(psycopg.OperationalError):
        migrate("host=db.test", connect_seconds=0.1)
    assert len(attempts) > 3
    attempts.clear()
    with pytest.raises(psycopg.OperationalError):
        migrate("host=db.test")
    assert attempts == ["host=db.test"]
