"""Retires the documents of an entity. The store then refuses writes of these documents. After a waiting period, the
documents are archived and deleted. An undo restores the same documents.

A request works for a limited time. The caller repeats the request until the retirement has reached its target. One
transaction writes each step and its checkpoint. Therefore an interrupted retirement can continue. See decisions 0098
and 0099.
"""

import time
from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from typing import Any

from psycopg.types.json import Jsonb

from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import Conflict, Invalid
from wecelebrate.core.problem_document import FieldError
from wecelebrate.kv import archive
from wecelebrate.kv.gates import judge_comparison
from wecelebrate.kv.models import Entity
from wecelebrate.kv.retirement_models import (
    NewRetirement,
    Retirement,
    RetirementGate,
    RetirementGateName,
    RetirementPlan,
    Traffic,
)

sql = queries(__file__)

QUIET_SECONDS = 14 * 24 * 60 * 60
"""The default waiting period in seconds. In this period, no application may use the documents."""
SECONDS = 2.0
"""After this number of seconds, a request starts no new part."""
PRODUCTS_PER_STEP = 5_000
"""The number of products that one statement searches at the end of an undo. It takes about 0.1 s."""

_ADVICE: Mapping[RetirementGateName, str] = {
    "stage": "Run `wecelebrate kv cutover … --reads 100` for all clients.",
    "mirror": "Run `wecelebrate kv mirror on`.",
    "replication": "Drop the subscription, because the store cannot refuse documents that arrive by replication.",
    "comparison": "Run `wecelebrate kv compare --entity …`, and repair the differences.",
    "period": "Wait, and run `wecelebrate kv retire` again.",
    "traffic": "Change the applications whose requests `wecelebrate kv status` shows, and wait.",
}
_NEEDED_FROM_START: tuple[RetirementGateName, ...] = ("stage", "mirror", "replication")


class RetirementRefused(Conflict):
    """A gate of the retirement has not passed.

    A retirement deletes documents from the old store. Before a retirement, all reads must be answered from the tables,
    and the documents must agree with the rows. The applications must not have used the documents for some time.

    Each item of `errors` describes a gate that has not passed: `pointer` is the name of the gate, and `detail` says
    what was found and what to do. The request changed nothing.

    Follow the instructions of the gates, and send the request again. These gates cannot be overridden.
    """

    code = "kv_retirement_refused"


def change(tx: Transaction, entity: Entity, new: NewRetirement) -> RetirementPlan:
    """Start a retirement, continue it, or undo it. A request starts no new part after SECONDS seconds.

    Raises Invalid, RetirementRefused, ArchiveDamaged or Conflict. Raises Forbidden unless the caller is a super admin.
    """
    if new.target == "active" and (new.delete or new.quiet_seconds is not None):
        raise Invalid(errors=[FieldError(pointer="/target", detail="must be `retired` with these fields")])
    if new.target == "retired" and new.give_up:
        raise Invalid(errors=[FieldError(pointer="/target", detail="must be `active` with `give_up`")])
    sql.lock_retirement(tx, entity=entity)
    if new.dry_run:
        return _plan(tx, entity)
    if new.target == "active":
        return _undo(tx, entity, new.give_up)
    plan = _plan(tx, entity)
    if plan.retirement is None:
        _require(plan, _NEEDED_FROM_START)
        sql.start_retirement(tx, entity=entity, quiet_seconds=new.quiet_seconds or QUIET_SECONDS)
    elif new.quiet_seconds not in (None, plan.retirement.quiet_seconds):
        raise Conflict("The period of a retirement cannot be changed. Undo the retirement, and start it again.")
    elif new.delete:
        _advance(tx, plan)
    return _plan(tx, entity)


def status(tx: Transaction) -> tuple[list[Retirement], list[Traffic]]:
    """Return all active retirements, and the traffic. Raises Forbidden unless the caller is a super admin."""
    row = sql.get_retirement_status(tx)
    return (
        [_retirement(each) for each in row["retirements"]],
        [Traffic.model_validate(each) for each in row["traffic"]],
    )


def require_none(tx: Transaction, entity: Entity, refused: str) -> None:
    """Raise Conflict if the documents of an entity are archived or deleted. `refused` names the refused action."""
    for retirement in status(tx)[0]:
        if retirement.entity == entity and retirement.status != "waiting":
            raise Conflict(
                f"The documents of each {entity} are retired, so {refused}. Undo it with `wecelebrate kv retire "
                f"{entity} --undo`."
            )


def _advance(tx: Transaction, plan: RetirementPlan) -> None:
    """Archive and delete documents until SECONDS have passed.

    All parts of the archive are verified before any document is deleted.
    """
    if plan.retirement is None:
        raise LookupError("a retirement that has not started cannot advance")
    entity, current = plan.retirement.entity, plan.retirement.status
    if current in ("restoring", "ending"):
        raise Conflict("The retirement is being undone. Wait until the undo has ended.")
    if current == "waiting":
        _require(plan, [gate.name for gate in plan.gates])
        _change(tx, entity, "archiving", {"documents": plan.retirable})
        return  # The next request begins to archive. Therefore this status is committed before any document is deleted.
    give_up_at = time.monotonic() + SECONDS
    while current != "retired" and time.monotonic() < give_up_at:
        if current == "archiving":
            if not archive.write_next(tx, entity):
                current = "deleting"
                _change(tx, entity, current, _numbers(tx, entity))
            continue
        outcome = sql.delete_archived(tx, entity=entity)
        if outcome == "not_led":
            raise Conflict(f"The tables no longer answer all reads. {_ADVICE['stage']}")
        if outcome != "deleted":
            current = "archiving" if outcome == "changed" else "retired"
            _change(tx, entity, current, _numbers(tx, entity))


def _undo(tx: Transaction, entity: Entity, give_up: Collection[str]) -> RetirementPlan:
    plan = _plan(tx, entity)
    if plan.retirement is None:
        return plan
    if plan.retirement.status == "ending":
        return _end(tx, entity)
    if plan.retirement.status != "restoring":
        _change(tx, entity, "restoring", {})
        plan = _plan(tx, entity)
        if plan.retirement is None:
            return plan
    progress = archive.restore(tx, entity, give_up)
    # The end of an undo waits for all transactions that write rows. This request has locked the rows of the documents
    # that it has restored. Therefore a later request ends the undo in a new transaction.
    if progress.is_complete and not progress.restored:
        if entity == "product":
            _change(tx, entity, "ending", {})
        else:
            _change(tx, entity, "undone", _numbers(tx, entity))
    return _plan(tx, entity).model_copy(update={"given_up": progress.given_up})


def _end(tx: Transaction, entity: Entity) -> RetirementPlan:
    """Search for products that have changed while the documents were retired, until SECONDS have passed. See decision
    0126.

    The first request only records the open transactions that have written products. The next requests wait for these
    transactions. Raises Conflict if such a transaction runs for too long.
    """
    give_up_at = time.monotonic() + SECONDS
    while not (is_searched := sql.continue_ending(tx, entity=entity, size=PRODUCTS_PER_STEP)):
        if is_searched is None or time.monotonic() > give_up_at:
            return _plan(tx, entity)
    _change(tx, entity, "undone", _numbers(tx, entity))
    return _plan(tx, entity)


def _change(tx: Transaction, entity: Entity, target: str, details: Mapping[str, int]) -> None:
    sql.change_retirement(tx, entity=entity, status=target, details=Jsonb(dict(details)))


def _numbers(tx: Transaction, entity: Entity) -> Mapping[str, int]:
    retirement = _plan(tx, entity).retirement
    if retirement is None:
        return {}
    return {
        "documents": retirement.documents,
        "deleted": retirement.deleted,
        "restored": retirement.restored,
        "given_up": retirement.given_up,
    }


def _retirement(content: Mapping[str, Any]) -> Retirement:
    """Return a retirement with its exact status. The field `status` does not contain `ending`, because the previous
    release reads this field and does not know `ending`.
    """
    return Retirement.model_validate({**content, "status": content["exact_status"]})


def _plan(tx: Transaction, entity: Entity) -> RetirementPlan:
    facts = sql.get_retirement_facts(tx, entity=entity)
    retirement = facts["retirement"] and _retirement(facts["retirement"])
    is_open = retirement is None or retirement.status == "waiting"
    gates = [
        RetirementGate(name=name, state="passed" if passed else "failed", detail=detail, advice=_ADVICE[name])
        for name, passed, detail in (_judged(facts) if is_open else ())
    ]
    return RetirementPlan(retirement=retirement, gates=gates, **facts["counts"])


def _require(plan: RetirementPlan, names: "list[RetirementGateName] | tuple[RetirementGateName, ...]") -> None:
    failed = [gate for gate in plan.gates if gate.name in names and gate.state == "failed"]
    if failed:
        errors = [FieldError(pointer=gate.name, detail=f"{gate.detail} {gate.advice}") for gate in failed]
        raise RetirementRefused(f"These gates have not passed: {', '.join(gate.name for gate in failed)}", errors)


def _judged(facts: Mapping[str, Any]) -> Iterator[tuple[RetirementGateName, bool, str]]:
    is_led, mirror, subscriptions = facts["is_led"], facts["mirror"], facts["subscriptions"]
    answered = "answer all reads" if is_led else "do not lead and answer all reads for all clients"
    yield "stage", is_led, f"The tables {answered}."
    yield "mirror", mirror, "The mirror is on." if mirror else "The mirror is off."
    yield "replication", subscriptions == 0, f"{subscriptions:,} subscriptions are enabled in the database."
    yield "comparison", *judge_comparison(facts["comparison"], " of all clients")
    if facts["retirement"] is None:
        yield "period", False, "Writes are not refused yet."
        quiet = QUIET_SECONDS
    else:
        quiet, waited = facts["retirement"]["quiet_seconds"], facts["waited_seconds"]
        yield (
            "period",
            waited >= quiet,
            f"Writes have been refused for {_duration(waited)}. The required time is {_duration(quiet)}.",
        )
    used = [
        f"The last {kind} was {_duration(used['seconds'])} ago, of {used['clients']:,} clients."
        for kind, used in (("read", facts["reads"]), ("write", facts["writes"]))
        if used is not None
    ]
    yield "traffic", not used, " ".join(used) or f"No application used the documents for {_duration(quiet)}."


def _duration(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
