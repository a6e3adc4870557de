"""Lists and changes kill switches, which the API calls flags."""

from collections.abc import Mapping

from aws_lambda_powertools import Logger

from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import Invalid
from wecelebrate.core.kill_switches.models import Flag, FlagName, Flags, NewValue
from wecelebrate.core.problem_document import FieldError

logger = Logger()
sql = queries(__file__)

DEFAULTS: Mapping[FlagName, tuple[str, str, str]] = {
    "reads": ("replica", "primary", "Where reads run. If set to primary, no read runs on the replica."),
    "cache": ("on", "off", "Whether responses come from the cache. If set to off, all come from the database."),
    "queue": ("sqs", "direct", "How workers start. If set to direct, the sweeper starts workers, and SQS is not used."),
    "limits": ("on", "off", "Whether requests are counted. If set to off, no rate limit applies."),
}
"""Maps each switch to its default value, its other value, and a description of its effect.

The database table has a row for a switch only while the switch does not have its default value.
"""


def list_all(tx: Transaction) -> Flags:
    """List all switches. Raises Forbidden unless the caller is an admin."""
    rows = {row["name"]: row for row in sql.list_kill_switches(tx)}
    return Flags(data=[_flag(name, rows.get(name, {})) for name in DEFAULTS])


def put(tx: Transaction, name: FlagName, new: NewValue) -> Flag:
    """Switch from the default value to the other value.

    Raises Invalid if `new` is not the other value. Raises Forbidden unless the caller is an admin.
    """
    default, other, _ = DEFAULTS[name]
    if new.value != other:
        detail = f"must be {other}. To reset the flag {name} to {default}, use DELETE"
        raise Invalid(errors=[FieldError(pointer="/value", detail=detail)])
    flag = _flag(name, sql.set_kill_switch(tx, name=name, value=new.value))
    logger.info("a kill switch was set", switch=name, value=new.value, by=tx.caller.subject)
    return flag


def reset(tx: Transaction, name: FlagName) -> None:
    """Reset a switch to its default. Raises Forbidden unless the caller is an admin."""
    if sql.reset_kill_switch(tx, name=name):
        logger.info("a kill switch was reset", switch=name, by=tx.caller.subject)


def _flag(name: FlagName, row: Mapping[str, object]) -> Flag:
    default, other, does = DEFAULTS[name]
    at_default = {"value": default, "changed_by": None, "changed_at": None}
    return Flag.model_validate({**at_default, **row, "name": name, "default": default, "other": other, "does": does})
