"""The ports, the state directory and the URLs of a local cloud. Other processes read the URLs from `endpoints.json`."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Self

from infra.local.hints import this_command
from infra.local.processes import LocalCloudError, free_port, port_variable

HOME_VARIABLE = "WECELEBRATE_HOME"
_FILE = "endpoints.json"
CHECKOUT = Path(__file__).parents[2]


class CloudNotRunning(LocalCloudError):
    """The local cloud is not up."""


class InvalidPorts(LocalCloudError):
    """An environment variable WECELEBRATE_PORT_<NAME> is wrong."""


def unknown_port_variables(environment: Mapping[str, str]) -> list[str]:
    """Return the environment variables WECELEBRATE_PORT_<NAME> for which no part of the local cloud is called
    <NAME>."""
    parts = {port_variable(part.name) for part in fields(Ports)}
    return sorted(name for name in environment if name.startswith(port_variable("")) and name not in parts)


def state_directory() -> Path:
    """Return the directory `.local` in $WECELEBRATE_HOME. If the variable is not set, `.local` is in the checkout."""
    return (Path(os.environ.get(HOME_VARIABLE) or CHECKOUT) / ".local").resolve()


def dns_directory(state: Path) -> Path:
    """Return the directory whose files replace DNS in the local cloud (`wecelebrate.core.outbound.dns`)."""
    return state / "dns"


@dataclass(frozen=True)
class Ports:
    """The ports on 127.0.0.1, one for each part of the local cloud."""

    api: int = 8787
    issuer: int = 8788
    upstash: int = 8790
    aws: int = 4566
    postgres: int = 5433
    replica: int = 5434
    pooler_writer: int = 5435
    pooler_reader: int = 5436
    redis: int = 6380

    @classmethod
    def free(cls) -> Self:
        """Return different ports on which no process listens now."""
        free: set[int] = set()
        while len(free) < len(fields(cls)):
            free.add(free_port())
        return cls(*free)

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that set these ports."""
        return {port_variable(part.name): str(getattr(self, part.name)) for part in fields(self)}

    @classmethod
    def from_environment(cls) -> Self:
        """Return the default ports. The environment variables WECELEBRATE_PORT_<NAME> replace default ports.

        Raises InvalidPorts if a value is not a port, if a variable names an unknown part, or if two parts would have
        the same port.
        """
        unknown = unknown_port_variables(os.environ)
        if unknown:
            parts = ", ".join(field.name.upper() for field in fields(cls))
            raise InvalidPorts(f"{', '.join(unknown)} names no part: the parts are {parts}")
        overrides: dict[str, int] = {}
        for part in fields(cls):
            variable = port_variable(part.name)
            if value := os.environ.get(variable):
                if not value.isdecimal() or not 0 < int(value) < 65_536:
                    raise InvalidPorts(f"{variable}={value} is not a port: set it to a number from 1 to 65535")
                overrides[part.name] = int(value)
        ports = cls(**overrides)
        part_of: dict[int, str] = {}
        for part in fields(cls):
            port: int = getattr(ports, part.name)
            if port in part_of:
                raise InvalidPorts(
                    f"{part_of[port]} and {part.name} cannot both use port {port}:"
                    f" set {port_variable(part.name)} to another port"
                )
            part_of[port] = part.name
        return ports


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """The URLs of a local cloud that is up.

    The file with these URLs has mode 0600, because some URLs contain passwords.
    """

    api: str
    console: str | None = None
    docs: str | None = None
    s3: str
    sqs: str
    database: str
    """The URL of the primary, with the password of the superuser."""
    replica: str
    """The URL of the replica, with the password of the superuser."""
    pooler_writer: str | None = None
    """The URL of the pooler of the primary, with the password of the superuser. None if pgbouncer is not used."""
    pooler_reader: str | None = None
    """The URL of the pooler of the replica, with the password of the superuser. None if pgbouncer is not used."""
    redis: str
    upstash: str
    issuer: str

    def save(self, state: Path) -> None:
        """Write the URLs to `<state>/endpoints.json`."""
        temporary = state / "endpoints.new"
        temporary.unlink(missing_ok=True)
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps(asdict(self), indent=2), "utf-8")
        temporary.replace(state / _FILE)


def load_endpoints(state: Path) -> Endpoints:
    """Read the endpoints of the local cloud in `state`. Raises CloudNotRunning if the cloud is not up."""
    try:
        values = json.loads((state / _FILE).read_bytes())
        # The local cloud can be of a later release, which has more endpoints.
        return Endpoints(**{field.name: values[field.name] for field in fields(Endpoints) if field.name in values})
    except (FileNotFoundError, ValueError, TypeError) as error:
        raise CloudNotRunning(f"the local cloud is not up: run `{this_command()} up`") from error


def delete_endpoints(state: Path) -> None:
    """Remove `<state>/endpoints.json`, because the local cloud is no longer up."""
    (state / _FILE).unlink(missing_ok=True)
