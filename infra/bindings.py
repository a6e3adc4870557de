"""The addresses and settings of a cloud, from which the environment variables of its functions are created."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Bindings:
    """The addresses and settings of one cloud, from which the environment variables of functions are created.

    On AWS, some values can be CDK tokens.
    """

    environment: str
    database_writer: str
    """The address (`host:port`) of the database for writes."""
    database_reader: str
    """The address (`host:port`) of the database for reads."""
    database_name: str
    cache_url: str
    cache_token: str
    issuer: str
    audience: str
    jwks_url: str
    signing_key: str
    """The secret key with which functions sign cursors and consistency tokens."""
    origin_secrets: str
    """The current and the previous secret that CloudFront sends to the API, separated by a comma. Empty in the local
    cloud, which has no CloudFront."""
    docs_url: str
    """The base URL of the pages about problems. Empty if the API itself serves the pages."""
    api_url: str
    """The public URL of the API, without a trailing slash. Empty on AWS if the operator has not set a domain."""
    routes: str
    """All routes of the API, encoded by `route_table`."""
    platform_domain: str
    """The domain of the platform. Each site has a host below this domain."""
    images_url: str
    """The base URL of the bucket `images`."""
    queues: Mapping[str, str]
    """Maps the names of queues to their URLs."""
    buckets: Mapping[str, str]
    """Maps the name of a bucket in the declarations to its name in this cloud (AWS or the local cloud)."""
    mail_from: str
    """The sender of all mails, in the form `name <address>`."""
    mail_configuration_set: str
    """The name of the SES configuration set with which mails are sent."""
    mail_rate: str
    """The number of mails per second that SES allows the account to send."""
    passwords: Mapping[str, str]
    """Maps database logins to their passwords. It is empty on AWS, where functions authenticate with IAM."""
    kv_key_hashes: str
    """The SHA-256 hashes of the keys of the old applications for the key-value store, separated by commas."""
    extra: Mapping[str, str]
    """Other environment variables, which only this cloud needs."""
    function_prefix: str = ""
    """The prefix of the names of functions in this cloud (AWS or the local cloud). The name in the declaration follows
    the prefix.
    """
