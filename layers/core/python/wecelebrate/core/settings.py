"""The environment of a function, as one model. `FunctionSpec.environment` in infra/ writes it."""

import os
from functools import lru_cache

from pydantic import BaseModel, ConfigDict


class NotDeclared(LookupError):
    """The function uses a queue, bucket or service that its function.toml does not declare."""


class Settings(BaseModel):
    """The settings of a function, each from the variable `WC_<NAME>`. Settings that function.toml does not ask for are
    empty."""

    model_config = ConfigDict(frozen=True)

    environment: str = "local"
    database_login: str = ""
    database_name: str = ""
    database_writer: str = ""
    """`host:port` for writes."""
    database_reader: str = ""
    """`host:port` for reads."""
    database_password: str = ""
    """Empty on AWS, where logins authenticate with IAM."""
    cache_url: str = ""
    cache_token: str = ""
    issuer: str = ""
    audience: str = ""
    jwks_url: str = ""
    signing_key: str = ""
    outbound_allow: str = ""
    """Comma-separated addresses that `outbound` may request although they are not public. Never set on AWS."""
    images_url: str = ""
    """The public URL of the image bucket, without a trailing slash."""
    workers: int = 1
    """For a queue: the maximum concurrency of this function."""
    rate: float = 50.0
    """For a queue: the jobs per second that all of its workers together may start."""
    max_receives: int = 1
    """For a queue: the deliveries of a message after which it becomes a dead letter."""

    mail_from: str = ""
    """The sender address of mails. Each site has its own display name."""
    mail_configuration_set: str = ""
    """The SES configuration set, which publishes deliveries, bounces and complaints."""

    def queue(self, name: str) -> str:
        """The URL of a queue that the function declares to send to. Raises NotDeclared."""
        return _declared("WC_QUEUE_", name)

    def images(self) -> str:
        """The beginning of image URLs, for a function that declares the use of images. Raises NotDeclared."""
        if not self.images_url:
            raise NotDeclared("WC_IMAGES_URL is not set: function.toml does not declare the use of images")
        return self.images_url

    def bucket(self, name: str) -> str:
        """The name, in this cloud, of a bucket that the function declares to use. Raises NotDeclared."""
        return _declared("WC_BUCKET_", name)


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings, read once per instance."""
    # pydantic-settings would do the same, but adds 40 ms to every cold start.
    values = {name: os.environ.get(f"WC_{name.upper()}") for name in Settings.model_fields}
    return Settings.model_validate({name: value for name, value in values.items() if value is not None})


def _declared(prefix: str, name: str) -> str:
    variable = prefix + name.upper().replace("-", "_")
    if variable not in os.environ:
        raise NotDeclared(f"{variable} is not set: function.toml does not declare the use of {name}")
    return os.environ[variable]
