"""The environment of a function, as one model. `FunctionSpec.environment` in infra/ is its writer."""

import os
from functools import lru_cache

from pydantic import BaseModel, ConfigDict


class NotDeclared(LookupError):
    """The function uses what its function.toml does not name."""


class Settings(BaseModel):
    """What a function was given, each setting by `WC_<ITS_NAME>`. What its declaration does not ask for is empty."""

    model_config = ConfigDict(frozen=True)

    environment: str = "local"
    database_login: str = ""
    database_name: str = ""
    database_writer: str = ""
    """`host:port` that writes go to."""
    database_reader: str = ""
    """`host:port` that reads go to."""
    database_password: str = ""
    """Empty on AWS: logins authenticate by IAM there."""
    cache_url: str = ""
    cache_token: str = ""
    issuer: str = ""
    audience: str = ""
    jwks_url: str = ""
    signing_key: str = ""
    outbound_allow: str = ""
    """Addresses, by commas, that `outbound` asks although they are not public. Never set on AWS."""
    images_url: str = ""
    """Where the bucket of images is shown, without a slash at the end."""
    workers: int = 1
    """Of a queue: how many of this function work at once."""
    rate: float = 50.0
    """Of a queue: jobs a second that all of its workers together begin."""
    max_receives: int = 1
    """Of a queue: deliveries of a message before it is a dead letter."""

    mail_from: str = ""
    """The address that mails come from; the name before it is that of each site."""
    mail_configuration_set: str = ""
    """What SES sends them by: where it tells of deliveries, bounces and complaints."""

    def queue(self, name: str) -> str:
        """URL of a queue the function declares to send to."""
        return _declared("WC_QUEUE_", name)

    def images(self) -> str:
        """What addresses of images begin with, for a function that declares to show them."""
        if not self.images_url:
            raise NotDeclared("WC_IMAGES_URL is not set: function.toml does not declare the use of images")
        return self.images_url

    def bucket(self, name: str) -> str:
        """Name, in this cloud, of a bucket the function declares to use."""
        return _declared("WC_BUCKET_", name)


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings, read once an instance."""
    # pydantic-settings would do this for 40 ms of every cold start.
    given = {name: os.environ.get(f"WC_{name.upper()}") for name in Settings.model_fields}
    return Settings.model_validate({name: value for name, value in given.items() if value is not None})


def _declared(prefix: str, name: str) -> str:
    variable = prefix + name.upper().replace("-", "_")
    if variable not in os.environ:
        raise NotDeclared(f"{variable} is not set: function.toml does not declare the use of {name}")
    return os.environ[variable]
