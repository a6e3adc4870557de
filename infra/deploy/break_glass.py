"""Changes a kill switch in the database of an environment while its API or its sign-in is down."""

from infra.deploy.account import Account
from infra.deploy.data_api import execute_as_master
from wecelebrate.core.kill_switches.admin import DEFAULTS

# A switch has a row only while its value is not the default. `updated_by` and the audit log state that the change was
# made without a sign-in.
_BEGIN = "do $switch$ begin set local role app_migrate; delete from public.kill_switches where name = '{name}'; "
_INSERT = "insert into public.kill_switches (name, value, updated_by) values ('{name}', '{value}', 'break-glass'); "
_END = "end $switch$"


def change_switch(account: Account, setting: str) -> None:
    """Change a kill switch, e.g. `cache=off`. Raises ValueError if the switch or its value does not exist."""
    execute_as_master(account, statement(setting))


def statement(setting: str) -> str:
    """Return the SQL statement that changes a switch, e.g. `cache=off`. The master user may execute it."""
    name, _, value = setting.partition("=")
    values: dict[str, tuple[str, str]] = {each: (default, other) for each, (default, other, _) in DEFAULTS.items()}
    if value not in values.get(name, ()):
        valid = ", ".join(f"{each}={'|'.join(pair)}" for each, pair in values.items())
        raise ValueError(f"'{setting}' is not a value of a switch: use one of {valid}")
    default, _ = values[name]
    return (_BEGIN + (_INSERT if value != default else "") + _END).format(name=name, value=value)
