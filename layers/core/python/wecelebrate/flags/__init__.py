"""Flags: what an operator can turn off while the platform runs. `wecelebrate.switches` is what obeys them."""

from collections.abc import Mapping

from aws_lambda_powertools import Logger

from wecelebrate.database import Transaction, queries
from wecelebrate.errors import FieldError, Invalid
from wecelebrate.flags.models import Flag, FlagName, Flags, NewValue

logger = Logger()
sql = queries(__file__)

DEFAULTS: Mapping[FlagName, tuple[str, str, str]] = {
    "reads": ("replica", "primary", "Where reads go: primary, none goes to the replica."),
    "cache": ("on", "off", "Whether answers come from the cache: off, each comes from the database."),
    "limits": ("on", "off", "Whether requests are counted: off, nobody is refused for asking too often."),
}
"""Flag → its default, what it may be set to, and what that does. The table has a row for what is set, and a check."""


def every(tx: Transaction) -> Flags:
    """All flags. Raises Forbidden for anyone but an admin."""
    rows = {row["name"]: row for row in sql.list_kill_switches(tx)}
    return Flags(data=[_flag(name, rows.get(name, {})) for name in DEFAULTS])


def put(tx: Transaction, name: FlagName, new: NewValue) -> Flag:
    """Turn a flag from its default. Raises Invalid for what it cannot be set to, Forbidden for anyone but an admin."""
    default, other, _ = DEFAULTS[name]
    if new.value != other:
        why = f"{name} can be set to {other}; DELETE brings {default} back"
        raise Invalid(errors=[FieldError(pointer="/value", detail=why)])
    flag = _flag(name, sql.set_kill_switch(tx, name=name, value=new.value))
    logger.info("a switch was set", switch=name, value=new.value, by=tx.caller.subject)
    return flag


def reset(tx: Transaction, name: FlagName) -> None:
    """Bring a flag back to its default, wherever it stands. Raises Forbidden for anyone but an admin."""
    if sql.reset_kill_switch(tx, name=name):
        logger.info("a switch was reset", switch=name, by=tx.caller.subject)


def _flag(name: FlagName, row: Mapping[str, object]) -> Flag:
    default, other, does = DEFAULTS[name]
    at_default = {"value": default, "changed_by": None, "changed_at": None}
    return Flag.model_validate({**at_default, **row, "name": name, "default": default, "other": other, "does": does})
