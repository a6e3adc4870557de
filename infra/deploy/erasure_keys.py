"""Gives earlier signing keys to the function that repeats erasures, for as long as a replay runs.

The secret `signing-key` can have been replaced after the time to which a database is restored. The list of erasures
then contains entries that were made with the previous key.

Only this function gets the previous key, and it uses the key only to compare entries. No other function accepts the
previous key. The module changes the function without a deploy, because nothing is deployed while a database is
restored.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from infra.deploy.account import Account, AwsError
from infra.functions import worker

VARIABLE = "WC_EARLIER_SIGNING_KEYS"
"""The environment variable that `wecelebrate.core.settings.Settings` reads."""


@contextmanager
def earlier_keys(account: Account, keys: Sequence[str]) -> Iterator[None]:
    """Set these keys in the function during the `with` block.

    Raises AwsError if the keys cannot be removed afterwards, e.g. because the session of the operator has ended.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    variables = _variables(account)  # if this call fails, nothing was changed, and no keys must be removed
    try:
        # This call can fail after AWS has stored the change.
        _replace(account, variables, ",".join(keys))
        yield
    finally:
        try:
            forget_keys(account)
        except (BotoCoreError, ClientError) as error:
            name = account.environment.name
            raise AwsError(
                f"{_function(account)} still has the earlier key: sign in to AWS again, and run `wecelebrate --env"
                f" {name} erasures replay`, which removes it ({' '.join(str(error).split())})"
            ) from error


def forget_keys(account: Account) -> None:
    """Remove earlier keys that an interrupted command has not removed. Do nothing if the function has no earlier
    keys."""
    _replace(account, _variables(account), "")


def has_keys(account: Account) -> bool:
    """Return whether the function has earlier keys. If the function does not exist, return False."""
    client = account.client("lambda")
    try:
        configuration: dict[str, Any] = client.get_function_configuration(FunctionName=_function(account))
    except client.exceptions.ResourceNotFoundException:
        return False
    return VARIABLE in configuration.get("Environment", {}).get("Variables", {})


def _function(account: Account) -> str:
    return account.environment.resource(worker("erasures"))


def _variables(account: Account) -> dict[str, str]:
    configuration: dict[str, Any] = account.client("lambda").get_function_configuration(FunctionName=_function(account))
    variables: dict[str, str] = configuration.get("Environment", {}).get("Variables", {})
    return variables


def _replace(account: Account, variables: Mapping[str, str], value: str) -> None:
    """Set the variable of the function to a value. If the value is empty, remove the variable."""
    wanted = {each: text for each, text in variables.items() if each != VARIABLE} | ({VARIABLE: value} if value else {})
    if wanted == variables:
        return
    client, name = account.client("lambda"), _function(account)
    client.update_function_configuration(FunctionName=name, Environment={"Variables": wanted})
    client.get_waiter("function_updated_v2").wait(FunctionName=name)
