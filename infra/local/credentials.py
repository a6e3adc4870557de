"""The passwords and keys of one local cloud. They are generated once and stored in `<state>/secrets.json`."""

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
    # A password contains only letters and digits. Therefore URLs, conninfo strings and configuration files can contain
    # it without quotes or escapes.
    return secrets.token_hex(16)


class Credentials(BaseModel):
    """All secrets of one local cloud."""

    model_config = ConfigDict(frozen=True)

    superuser: str = Field(default_factory=_password)
    """The password of the PostgreSQL superuser `postgres`."""
    replication: str = Field(default_factory=_password)
    """The password of the role that the replica uses for streaming replication."""
    redis: str = Field(default_factory=_password)
    upstash_token: str = Field(default_factory=_password)
    signing_key: str = Field(default_factory=_password)
    """The secret key with which functions sign cursors and consistency tokens."""
    kv_key: str = Field(default_factory=_password)
    """The key of the old applications for the key-value store."""
    invocation_key: str = Field(default_factory=_password)
    """The key with which functions invoke other functions."""
    logins: Mapping[str, str] = Field(default_factory=lambda: {login: _password() for login in get_args(Login)})
    """Maps database logins to their passwords."""

    @classmethod
    def of(cls, state: Path) -> Self:
        """Read the credentials of the local cloud in `state`. Generate and write missing credentials.

        The file has mode 0600. Raises LocalCloudError if the file is damaged.
        """
        file = state / "secrets.json"
        try:
            credentials = cls.model_validate_json(file.read_bytes())
        except FileNotFoundError:
            credentials = cls()
            credentials._write(file, replace=False)
            # If two processes create the file at the same time, both processes use the first file.
            return cls.model_validate_json(file.read_bytes())
        except ValidationError as error:
            raise LocalCloudError(
                f"{file} is damaged: run `{this_command()} down --erase` to remove all data and start again"
            ) from error
        missing = {login: _password() for login in get_args(Login) if login not in credentials.logins}
        if missing:
            credentials = credentials.model_copy(update={"logins": {**credentials.logins, **missing}})
            credentials._write(file)
        return credentials

    def _write(self, file: Path, *, replace: bool = True) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix="secrets.", dir=file.parent)  # the file has mode 0600
        temporary = Path(name)
        with os.fdopen(descriptor, "w") as out:
            out.write(self.model_dump_json(indent=2))
        if replace:
            temporary.replace(file)
        else:
            with contextlib.suppress(FileExistsError):
                file.hardlink_to(temporary)
            temporary.unlink()
