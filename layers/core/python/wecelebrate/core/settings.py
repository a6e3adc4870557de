"""The settings of a function, read from its environment variables.

`FunctionSpec.environment` in infra/ creates these variables.
"""

import os
from functools import lru_cache

from pydantic import BaseModel, ConfigDict


class NotDeclared(LookupError):
    """The function uses a queue, bucket or service that its function.toml does not declare."""


class Settings(BaseModel):
    """The settings of a function. The environment variable of each setting is `WC_<NAME>`.

    A setting is empty unless function.toml declares a resource that needs it.
    """

    model_config = ConfigDict(frozen=True)

    environment: str = "local"
    database_login: str = ""
    database_name: str = ""
    database_writer: str = ""
    """The address (`host:port`) of the primary."""
    database_reader: str = ""
    """The address (`host:port`) of the replica."""
    database_password: str = ""
    """The password of the login. Empty on AWS, where logins authenticate with IAM."""
    cache_url: str = ""
    cache_token: str = ""
    issuer: str = ""
    audience: str = ""
    jwks_url: str = ""
    signing_key: str = ""
    earlier_signing_keys: str = ""
    """Replaced signing keys, separated by commas. Only `erasures.replay` uses these keys, to compare older entries of
    the list of erasures. `wecelebrate erasures replay` sets the keys while the job runs."""
    origin_secrets: str = ""
    """The secrets of CloudFront, separated by commas. A request must contain one of them. Empty without CloudFront."""
    docs_url: str = ""
    """The base URL of the pages about problems, without a trailing slash. Empty if the API itself serves the pages."""
    routes: str = ""
    """All routes of the API, as `core.route_table` encodes them. Only the function of `$default` gets them."""
    outbound_allow: str = ""
    """Non-public IP addresses, separated by commas, to which `outbound` is allowed to send requests.

    This setting is always empty on AWS.
    """
    platform_domain: str = ""
    """The domain of the platform. Each site is reachable at `<slug>.<platform_domain>`."""
    dns_directory: str = ""
    """A directory that replaces DNS. It contains a file of TXT records for each name. Always empty on AWS."""
    images_url: str = ""
    """The public URL of the image bucket, without a trailing slash."""
    workers: int = 1
    """If a queue starts this function: the maximum number of instances of the function that run at the same time."""
    rate: float = 50.0
    """The maximum number of jobs that all workers of the queue together start per second."""
    max_receives: int = 1
    """The number of failed deliveries after which a message of the queue becomes a dead letter."""

    kv_key_hashes: str = ""
    """The SHA-256 hashes of the keys of the old applications for the key-value store, separated by commas."""

    mail_from: str = ""
    """The sender address of all mails. The display name of the sender is the name of the site."""
    api_url: str = ""
    """The public URL of the API, for links in mails. Empty on AWS if the operator has not set a domain."""
    mail_configuration_set: str = ""
    """The SES configuration set that publishes deliveries, bounces and complaints."""

    def queue(self, name: str) -> str:
        """Return the URL of a queue. Raises NotDeclared unless `uses` in function.toml contains the queue."""
        return _declared("WC_QUEUE_", name)

    def worker(self, queue: str) -> str:
        """Return the name of the function that consumes a queue.

        Raises NotDeclared if function.toml does not declare that the function starts this worker.
        """
        return _declared("WC_WORKER_", queue)

    def can_start(self, queue: str) -> bool:
        """Return whether function.toml declares that the function starts the worker of a queue."""
        return _variable("WC_WORKER_", queue) in os.environ

    def images(self) -> str:
        """Return the prefix of all image URLs. Raises NotDeclared if function.toml does not declare images."""
        if not self.images_url:
            raise NotDeclared("WC_IMAGES_URL is not set: declare the use of images in function.toml")
        return self.images_url

    def bucket(self, name: str) -> str:
        """Return the full name of a bucket in this cloud.

        Raises NotDeclared if function.toml does not declare the bucket.
        """
        return _declared("WC_BUCKET_", name)


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the settings. They are read once per instance."""
    # pydantic-settings would do the same, but adds 40 ms to every cold start.
    values = {name: os.environ.get(f"WC_{name.upper()}") for name in Settings.model_fields}
    return Settings.model_validate({name: value for name, value in values.items() if value is not None})


def _variable(prefix: str, name: str) -> str:
    return prefix + name.upper().replace("-", "_")


def _declared(prefix: str, name: str) -> str:
    variable = _variable(prefix, name)
    if variable not in os.environ:
        raise NotDeclared(f"{variable} is not set: declare the use of {name} in function.toml")
    return os.environ[variable]
