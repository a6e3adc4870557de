"""Gives earlier signing keys to the function that repeats erasures, for as long as a replay runs.

A restore can be older than a replacement of the secret `signing-key`. The list of erasures then has entries of earlier
keys. The earlier key does not come back into force: only this function gets it, and only compares entries with it. The
change needs no deploy, because nothing is deployed while a database is restored.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from infra.deploy.account import Account
from infra.functions import worker

VARIABLE = "WC_EARLIER_SIGNING_KEYS"
"""The environment variable that `wecelebrate.core.settings.Settings` reads."""


@contextmanager
def earlier_keys(account: Account, keys: Sequence[str]) -> Iterator[None]:
    """Let the function know these keys while the block runs. Remove keys that an interrupted command has left."""
    _set(account, ",".join(keys))
    try:
        yield
    finally:
        _set(account, "")


def _set(account: Account, value: str) -> None:
    client, name = account.client("lambda"), account.environment.resource(worker("erasures"))
    configuration: dict[str, Any] = client.get_function_configuration(FunctionName=name)
    variables: dict[str, str] = configuration.get("Environment", {}).get("Variables", {})
    wanted = {each: text for each, text in variables.items() if each != VARIABLE} | ({VARIABLE: value} if value else {})
    if wanted == variables:
        return
    client.update_function_configuration(FunctionName=name, Environment={"Variables": wanted})
    client.get_waiter("function_updated_v2").wait(FunctionName=name)
