"""Listing and changing kill switches. The API calls them flags."""

from collections.abc import Mapping

from aws_lambda_powertools import Logger

from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import FieldError, Invalid
from wecelebrate.core.kill_switches.models import Flag, FlagName, Flags, NewValue

logger = Logger()
sql = queries(__file__)

DEFAULTS: Mapping[FlagName, tuple[str, str, str]] = {
    "reads": ("replica", "primary", "Where reads go. Set to primary, no read goes to the replica."),
    "cache": ("on", "off", "Whether responses come from the cache. Set to off, each comes from the database."),
    "limits": ("on", "off", "Whether requests are counted. Set to off, no request is refused for a limit."),
}
"""Each switch with its default, its other value, and its effect. The table has a row only for a switch that is set."""


def list_all(tx: Transaction) -> Flags:
    """All switches. Raises Forbidden unless the caller is an admin."""
    rows = {row["name"]: row for row in sql.list_kill_switches(tx)}
    return Flags(data=[_flag(name, rows.get(name, {})) for name in DEFAULTS])


def put(tx: Transaction, name: FlagName, new: NewValue) -> Flag:
    """Change a switch to its other value. Raises Invalid for another value, Forbidden unless the caller is an admin."""
    default, other, _ = DEFAULTS[name]
    if new.value != other:
        detail = f"{name} can only be set to {other}. To set it back to {default}, DELETE it"
        raise Invalid(errors=[FieldError(pointer="/value", detail=detail)])
    flag = _flag(name, sql.set_kill_switch(tx, name=name, value=new.value))
    logger.info("a kill switch was set", switch=name, value=new.value, by=tx.caller.subject)
    return flag


def reset(tx: Transaction, name: FlagName) -> None:
    """Return a switch to its default. Raises Forbidden unless the caller is an admin."""
    if sql.reset_kill_switch(tx, name=name):
        logger.info("a kill switch was reset", switch=name, by=tx.caller.subject)


def _flag(name: FlagName, row: Mapping[str, object]) -> Flag:
    default, other, does = DEFAULTS[name]
    at_default = {"value": default, "changed_by": None, "changed_at": None}
    return Flag.model_validate({**at_default, **row, "name": name, "default": default, "other": other, "does": does})
