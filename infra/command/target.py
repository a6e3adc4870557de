"""Decides on which platform a command acts: on the local cloud, or on a deployed environment.

`wecelebrate sign-in --env prod` names the environment in $WECELEBRATE_ENV before it asks for a password. If the sign-in
fails, this variable is set, but the URL and the token are not set. Other commands then fail, and do not act on a local
cloud. With `wecelebrate --env prod`, a command acts only on this environment.
"""

import os
from contextvars import ContextVar
from urllib.parse import urlsplit

from infra.command.errors import BadUsage

API_VARIABLE = "WECELEBRATE_API"
TOKEN_VARIABLE = "WECELEBRATE_TOKEN"  # noqa: S105 - the name of the variable
ENV_VARIABLE = "WECELEBRATE_ENV"
SIGNED_IN_VARIABLE = "WECELEBRATE_ENV_API"
"""The environment variable with the API of the last sign-in. A sign-in sets this variable and API_VARIABLE to the same
URL."""
LOCAL = "local"
"""The name of the local cloud for the option --env."""

NAMED: ContextVar[str | None] = ContextVar("NAMED", default=None)
"""The environment of the option --env, or None without the option."""


def remote_api() -> tuple[str | None, str | None]:
    """Return the URL and the token from the environment variables. The URL is None if the command acts on the local
    cloud.

    Raises BadUsage in three cases: this shell is not signed in to the environment of the option --env, the last sign-in
    failed, or the URL belongs to another environment.
    """
    named, signed_in, url = NAMED.get(), os.environ.get(ENV_VARIABLE), os.environ.get(API_VARIABLE)
    if named == LOCAL:
        return None, None if url or signed_in else os.environ.get(TOKEN_VARIABLE)
    if named and (named != signed_in or not url):
        state = f"it is signed in to {signed_in}" if signed_in and url else "it is not signed in"
        raise BadUsage(f'this shell cannot act on {named}, because {state}: run eval "$({_sign_in(named)})"')
    if signed_in and not url:
        raise BadUsage(
            f'the sign-in to {signed_in} did not succeed: run eval "$({_sign_in(signed_in)})" again, or use the local'
            f" cloud with `wecelebrate --env {LOCAL}` or after `unset {ENV_VARIABLE}`"
        )
    if signed_in and url:
        _require_api_of(signed_in, url)
    return url, os.environ.get(TOKEN_VARIABLE)


def _require_api_of(signed_in: str, url: str) -> None:
    """Raise BadUsage if a URL is not the API of the environment to which this shell is signed in, according to the
    variables or the settings on this machine."""
    host, stated = urlsplit(url).netloc, os.environ.get(SIGNED_IN_VARIABLE)
    environment = _environment_of(host)
    if stated and stated.rstrip("/") != url.rstrip("/"):
        problem = f"the sign-in was to {stated}"
    elif "." in signed_in and signed_in != host:
        problem = f"this is not the API of {signed_in}"
    elif "." not in signed_in and environment not in (None, signed_in):
        problem = f"this is the API of {environment}"
    else:
        return
    raise BadUsage(
        f"{ENV_VARIABLE} is {signed_in}, but {API_VARIABLE} is {url}, and {problem}: run"
        f' eval "$({_sign_in(signed_in)})" again, or `unset {ENV_VARIABLE} {SIGNED_IN_VARIABLE}` to use this URL'
    )


def _environment_of(host: str) -> str | None:
    """Return the environment whose settings contain this host as the domain of the API, or None."""
    from infra.environments import ENVIRONMENTS
    from infra.operator_settings import OperatorSettings

    for name in ENVIRONMENTS:
        try:
            domain = OperatorSettings.read(name).domain
        except ValueError:
            continue  # commands that need the settings report this error
        if domain == host:
            return name
    return None


def _sign_in(environment: str) -> str:
    """Return the command that signs in. After a sign-in with --page, `environment` is the host of the API."""
    return (
        f"wecelebrate sign-in --page PAGE --client ID --api https://{environment}"
        if "." in environment
        else (f"wecelebrate sign-in --env {environment}")
    )


def deployed_name(url: str) -> str:
    """Return the name of the deployed environment, or its URL if the name is not set."""
    return os.environ.get(ENV_VARIABLE) or url
