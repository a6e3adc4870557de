"""The passwords and keys of one local cloud: made up once, kept in `<state>/secrets.json`."""

import contextlib
import os
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.functions import Login
from infra.local.hints import this_command
from infra.local.processes import LocalCloudError


def _password() -> str:
    # Letters and digits alone: it stands in URLs, conninfo strings and configuration files unescaped.
    return secrets.token_hex(16)


class Credentials(BaseModel):
    """Every secret of one local cloud."""

    model_config = ConfigDict(frozen=True)

    superuser: str = Field(default_factory=_password)
    """Password of PostgreSQL's role `postgres`."""
    replication: str = Field(default_factory=_password)
    """Password of the role the replica streams with."""
    redis: str = Field(default_factory=_password)
    upstash_token: str = Field(default_factory=_password)
    signing_key: str = Field(default_factory=_password)
    """Key that cursors are signed with."""
    logins: Mapping[str, str] = Field(default_factory=lambda: {login: _password() for login in get_args(Login)})
    """Database login → password."""

    @classmethod
    def of(cls, state: Path) -> Self:
        """The credentials of the cloud in `state`; where it has none they are made up and written, mode 0600."""
        file = state / "secrets.json"
        try:
            known = cls.model_validate_json(file.read_bytes())
        except FileNotFoundError:
            known = cls()
            known._write(file, replace=False)
            # Of two that begin at once, the first to write decides.
            return cls.model_validate_json(file.read_bytes())
        except ValidationError as error:
            raise LocalCloudError(f"{file} is not readable: `{this_command()} down --erase` starts afresh") from error
        missing = {login: _password() for login in get_args(Login) if login not in known.logins}
        if missing:
            known = known.model_copy(update={"logins": {**known.logins, **missing}})
            known._write(file)
        return known

    def _write(self, file: Path, *, replace: bool = True) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix="secrets.", dir=file.parent)  # mode 0600
        fresh = Path(name)
        with os.fdopen(descriptor, "w") as out:
            out.write(self.model_dump_json(indent=2))
        if replace:
            fresh.replace(file)
        else:
            with contextlib.suppress(FileExistsError):
                file.hardlink_to(fresh)
            fresh.unlink()
