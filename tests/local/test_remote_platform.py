"""Tests commands that use the platform in $WECELEBRATE_API, and the forwarding of webhooks."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest

from infra.command.errors import BadUsage
from infra.command.listen import _Target
from infra.command.output import printable
from infra.operator_settings import FOLDER
from tests.command import Command, CommandHere
from tests.platform import Platform


@pytest.fixture
def remote(platform: Platform, tmp_path: Path) -> Command:
    """The command on a machine without a local cloud. The variable $WECELEBRATE_API contains the URL of the shared
    cloud."""
    token = platform.issuer.token("admin", email="admin@wecelebrate.test")
    variables = {
        "WECELEBRATE_API": platform.endpoints.api,
        "WECELEBRATE_TOKEN": token,
        "WECELEBRATE_HOME": str(tmp_path),
    }
    return CommandHere(tmp_path, variables)


@pytest.mark.parametrize("arguments", [["jobs", "list"], ["dlq", "list"], ["audit"], ["switch"]])
def test_the_json_of_a_list_command_has_the_structure_of_an_api_list(remote: Command, arguments: list[str]) -> None:
    result = remote(*arguments, "--json")
    assert (result.returncode, result.stderr) == (0, "")
    document = json.loads(result.stdout)
    assert document.keys() == {"data", "has_more"}
    assert isinstance(document["data"], list)


@pytest.mark.parametrize("arguments", [["switch"], ["jobs", "list"], ["dlq", "list"], ["members", "list"]])
def test_the_option_env_requires_a_sign_in_to_the_same_environment(remote: Command, arguments: list[str]) -> None:
    remote.environment["WECELEBRATE_ENV"] = "prod"
    assert remote("--env", "prod", *arguments).returncode == 0
    other = remote("--env", "staging", *arguments)
    assert (other.returncode, other.stdout) == (2, "")
    assert "cannot act on staging, because it is signed in to prod" in other.stderr


def test_the_message_about_a_change_names_the_changed_platform(remote: Command) -> None:
    remote.environment["WECELEBRATE_ENV"] = "prod"
    result = remote("--env", "prod", "switch", "limits=on")
    assert result.stdout == "✓ limits=on applies to every function of prod within 10 seconds\n"


def test_a_grant_for_an_unknown_catalog_is_refused(remote: Command) -> None:
    remote.environment["WECELEBRATE_ENV"] = "dev"
    catalog, principal = str(uuid4()), "arn:aws:iam::210987654321:role/sap"
    result = remote("erp", "grant", "no-such-catalog", "--env", "dev", "--principal", principal, "--catalog", catalog)
    assert (result.returncode, result.stdout, result.stderr) == (4, "", f"✗ catalog {catalog} does not exist\n")
    file = FOLDER / "dev-erp.toml"
    assert not file.exists() or "no-such-catalog" not in file.read_text()


@pytest.mark.parametrize("arguments", [["switch", "cache=off"], ["migrate"], ["dlq", "redrive", "--all", "--yes"]])
def test_commands_do_not_act_on_the_local_cloud_after_a_failed_sign_in(
    platform: Platform, tmp_path: Path, arguments: list[str]
) -> None:
    here = CommandHere(tmp_path, {"WECELEBRATE_HOME": str(platform.state.parent), "WECELEBRATE_ENV": "prod"})
    failed = here(*arguments)
    assert (failed.returncode, failed.stdout) == (2, "")
    assert "the sign-in to prod did not succeed" in failed.stderr
    del here.environment["WECELEBRATE_ENV"]
    named = here("--env", "prod", *arguments)
    assert (named.returncode, named.stdout) == (2, "")
    assert "cannot act on prod, because it is not signed in" in named.stderr


def test_a_signed_in_shell_can_use_the_local_cloud_with_the_option_env(platform: Platform, tmp_path: Path) -> None:
    variables = {
        "WECELEBRATE_ENV": "prod",
        "WECELEBRATE_API": "https://api.example.com",
        "WECELEBRATE_TOKEN": "of-prod",
        "WECELEBRATE_HOME": str(platform.state.parent),
    }
    result = CommandHere(tmp_path, variables)("--env", "local", "switch", "limits=on")
    assert result.stdout == "✓ limits=on applies to every function of the local cloud within 10 seconds\n"


@pytest.mark.parametrize(
    "arguments", [["mail", "list"], ["token", "--as", "admin"], ["migrate"], ["schema"], ["listen", "--client", "acme"]]
)
def test_a_command_for_the_local_cloud_fails_in_a_signed_in_shell(remote: Command, arguments: list[str]) -> None:
    result = remote(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert "needs the local cloud, but WECELEBRATE_API is http" in result.stderr


@pytest.mark.parametrize("options", [(), ("--env", "local")])
def test_the_env_command_ends_the_sign_in_of_a_shell_without_a_local_cloud(
    remote: Command, options: tuple[str, ...]
) -> None:
    remote.environment["WECELEBRATE_ENV"] = "prod"
    result = remote(*options, "env")
    assert result.returncode == 3
    assert "the local cloud is not up" in result.stderr
    (line,) = result.stdout.splitlines()
    program, *names = line.split()
    assert program == "unset"
    assert set(names) >= {"API", "TOKEN", "WECELEBRATE_ENV", "WECELEBRATE_API", "WECELEBRATE_TOKEN"}
    for name in names:
        remote.environment.pop(name, None)
    # The next command of a documentation page must not change a platform.
    assert remote("switch", "cache=off").returncode == 3


def test_the_drop_command_on_a_deployed_platform_requires_a_bucket_name(remote: Command) -> None:
    result = remote("drop", __file__, "--catalog", "acme-gifts")
    assert (result.returncode, result.stdout) == (2, "")
    assert "give --bucket" in result.stderr


def test_an_invalid_token_is_refused(remote: Command) -> None:
    remote.environment["WECELEBRATE_TOKEN"] = "nonsense"
    result = remote("jobs", "list")
    assert (result.returncode, result.stdout) == (5, "")
    assert "the token comes from WECELEBRATE_TOKEN" in result.stderr


@pytest.mark.parametrize(
    ("url", "code"),
    [("http://api.example.com", 2), ("http://127.0.0.1.example.com", 2), ("nonsense", 2), ("http://127.0.0.1:1", 3)],
)
def test_an_invalid_url_of_the_api_is_an_error(remote: Command, url: str, code: int) -> None:
    remote.environment["WECELEBRATE_API"] = url
    result = remote("jobs", "list")
    assert (result.returncode, result.stdout) == (code, "")
    assert result.stderr.startswith("✗ ")


@pytest.mark.parametrize(
    "url",
    [
        "http://93.184.216.34/",
        "http://169.254.169.254/latest/meta-data",
        "http://[fe80::1]/",
        "http://[::ffff:8.8.8.8]/",
        "http://0.0.0.0/",
        "ftp://localhost/",
        "http://user@localhost/",
        "localhost:3000",
        "http://localhost:99999/",
    ],
)
def test_events_are_not_forwarded_to_the_internet_or_to_metadata_services(url: str) -> None:
    with pytest.raises(BadUsage, match="--forward-to"):
        _Target.parse(url)


@pytest.mark.parametrize("status", [200, 302, 500])
def test_an_event_is_forwarded_with_its_headers_and_its_body(status: int, capsys: pytest.CaptureFixture[str]) -> None:
    received: list[tuple[str, dict[str, str], bytes]] = []

    class Application(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            received.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(status)
            self.send_header("location", "http://93.184.216.34/")
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    headers = {"host": "127.0.0.1:1", "webhook-id": "msg_1", "webhook-signature": "v1,abc=", "content-length": "9"}
    body = b'{"a": 1}\n'
    with ThreadingHTTPServer(("127.0.0.1", 0), Application) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_address[1]
        _Target.parse(f"http://localhost:{port}/hooks?x=1").forward(headers, body)
        server.shutdown()
    ((path, forwarded, forwarded_body),) = received
    assert (path, forwarded_body) == ("/hooks?x=1", body)
    assert forwarded == {
        "host": f"localhost:{port}",
        "webhook-id": "msg_1",
        "webhook-signature": "v1,abc=",
        "content-length": "9",
    }
    assert f"{status} from http://localhost:{port}/hooks?x=1 after " in capsys.readouterr().err


def test_texts_from_other_users_cannot_control_the_terminal() -> None:
    assert printable("a\x1b[31mb\r\nc") == "a\\x1b[31mb  c"


@pytest.mark.parametrize(
    ("options", "folder"),
    [
        (["--full"], "full/"),
        (["--delta"], "delta/"),
        (["--dry-run"], "dry-run/"),
        (["--dry-run", "--full"], "dry-run/full/"),
    ],
)
def test_the_option_for_the_mode_determines_the_folder_of_a_dropped_file(
    wecelebrate: Command, platform: Platform, tmp_path: Path, options: list[str], folder: str
) -> None:
    catalog = platform.tenant().catalog_id
    file = tmp_path / "products.csv"
    file.write_text("sku,name,price\nA,Cup,3.00\n", "utf-8")
    result = wecelebrate("drop", str(file), "--catalog", catalog, *options, "--wait", "--json")
    assert result.returncode == 0, result.stderr
    job = json.loads(result.stdout)
    assert job["source"]["key"] == f"{catalog}/incoming/{folder}products.csv"
    assert job["counts"]["created"] == 1
    assert wecelebrate("drop", str(file), "--catalog", catalog, "--full", "--delta").returncode == 2


def test_erasing_data_without_a_terminal_requires_the_option_yes(tmp_path: Path) -> None:
    (tmp_path / ".local").mkdir()
    command = Command(tmp_path, {"WECELEBRATE_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    result = command("down", "--erase")
    assert (result.returncode, result.stdout) == (2, "")
    assert "add --yes" in result.stderr
    assert (tmp_path / ".local").exists()
    assert command("down", "--erase", "--yes").returncode == 0
    assert not (tmp_path / ".local").exists()
