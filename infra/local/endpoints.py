"""Where the parts of a local cloud are: its ports, its state directory, and `endpoints.json`, which tells everyone."""

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from infra.functions import ROOT
from infra.local.hints import this_command
from infra.local.processes import LocalCloudError, free_port

HOME_VARIABLE = "WECELEBRATE_HOME"
_FILE = "endpoints.json"


def state_directory() -> Path:
    """`.local` in $WECELEBRATE_HOME, or in the checkout."""
    return (Path(os.environ.get(HOME_VARIABLE) or ROOT) / ".local").resolve()


@dataclass(frozen=True)
class Ports:
    """Ports of 127.0.0.1, one a part."""

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
        """Ports that nobody listens on now, each another."""
        free: set[int] = set()
        while len(free) < len(fields(cls)):
            free.add(free_port())
        return cls(*free)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that choose these."""
        return {f"WECELEBRATE_PORT_{part.name.upper()}": str(getattr(self, part.name)) for part in fields(self)}

    @classmethod
    def from_environment(cls) -> Self:
        """The usual ones, but for those that WECELEBRATE_PORT_<NAME> gives. Raises LocalCloudError."""
        chosen: dict[str, int] = {}
        for part in fields(cls):
            variable = f"WECELEBRATE_PORT_{part.name.upper()}"
            if value := os.environ.get(variable):
                if not value.isdecimal() or not 0 < int(value) < 65_536:
                    raise LocalCloudError(f"{variable}={value} is not a port: give a number from 1 to 65535")
                chosen[part.name] = int(value)
        ports = cls(**chosen)
        taken: dict[int, str] = {}
        for part in fields(cls):
            port: int = getattr(ports, part.name)
            if port in taken:
                raise LocalCloudError(f"{taken[port]} and {part.name} cannot both have port {port}")
            taken[port] = part.name
        return ports


class Endpoints(BaseModel):
    """URLs of a local cloud that is up. The file has mode 0600: some carry passwords."""

    model_config = ConfigDict(frozen=True)

    api: str
    console: str | None = None
    docs: str | None = None
    s3: str
    sqs: str
    database: str
    """URL of the superuser on the primary."""
    replica: str
    """URL of the superuser on the replica."""
    pooler_writer: str | None = None
    """URL of the superuser on the primary through pgbouncer; none where it is not installed."""
    pooler_reader: str | None = None
    redis: str
    upstash: str
    issuer: str

    def save(self, state: Path) -> None:
        """Write `<state>/endpoints.json`."""
        fresh = state / "endpoints.new"
        fresh.unlink(missing_ok=True)
        fresh.touch(mode=0o600)
        fresh.write_text(self.model_dump_json(indent=2), "utf-8")
        fresh.replace(state / _FILE)


def load_endpoints(state: Path) -> Endpoints:
    """The endpoints of the cloud in `state`. Raises LocalCloudError when it is not up."""
    try:
        return Endpoints.model_validate_json((state / _FILE).read_bytes())
    except (FileNotFoundError, ValidationError) as error:
        raise LocalCloudError(f"the local cloud is not up: run `{this_command()} up`") from error


def forget_endpoints(state: Path) -> None:
    """Remove `<state>/endpoints.json`: the cloud is no longer up."""
    (state / _FILE).unlink(missing_ok=True)
