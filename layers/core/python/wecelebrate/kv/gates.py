"""The gates of a cutover: conditions that must be true before the tables lead (see docs/migration.md).

A failed gate says what the operator must do. An admin can override a gate with a reason. See decision 0091.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from uuid import UUID

from psycopg.errors import QueryCanceled

from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import Conflict, NotFound
from wecelebrate.core.problem_document import FieldError
from wecelebrate.kv import release
from wecelebrate.kv.models import Entity
from wecelebrate.kv.stage_models import Gate, GateName

sql = queries(__file__)

MIN_SHADOW_READS = 1000
"""The minimum number of reads that have compared a document with its row."""
MAX_TRANSACTION_SECONDS = 60.0
"""The longest time that a transaction may be open, in seconds. If a transaction is open for longer, the gate does not
pass, because the transaction can write values that it read before the last comparison.
"""
_MAX_NAMES = 5
"""The maximum number of names in the text of a gate."""

_ADVICE: Mapping[GateName, str] = {
    "mirror": "Run `wecelebrate kv mirror on`, and then `wecelebrate kv backfill`.",
    "triggers": "Run `wecelebrate kv mirror on` if triggers are disabled. Deploy the release again if it differs.",
    "backfill": "Run `wecelebrate kv backfill` until it is complete.",
    "quarantine": "Run `wecelebrate kv status`, and correct the documents.",
    "comparison": "Run `wecelebrate kv compare`, and repair the differences.",
    "shadow": "Run `wecelebrate kv shadow`, wait for reads, and repair documents that differ from their rows. A "
    "mismatch is closed by a read without a difference or by a full comparison. A new share restarts the count at 0.",
    "transactions": "Wait until the transaction ends, or end it. If the platform has no right to see transactions, "
    "grant pg_read_all_stats to app_definer.",
    "canary": "Run `wecelebrate kv mirror status`. The mirror must include the environment `production`.",
}


class GatesFailed(Conflict):
    """A gate of the cutover has not passed.

    After a cutover, the tables lead, and the store refuses bad documents. Before a cutover, the store and the tables
    must agree, and the mirror between them must work. Each item of `errors` describes a gate that has not passed:
    `pointer` is the name of the gate, and `detail` says what was found and what to do. The request changed nothing.

    Follow the instructions of the gates, and repeat the cutover. An admin can override a gate with a reason. The audit
    log stores the reason:

        {"leads": "tables", "reads": 25, "overrides": ["shadow"], "reason": "The old applications read too little"}
    """

    code = "kv_gates_failed"


def show(tx: Transaction, entity: Entity, client_id: UUID | None) -> list[Gate]:
    """Return the gates, and change nothing. The gates for the canary and for old transactions are not checked."""
    facts = _facts(tx, entity, client_id)
    return [_gate(*gate) for gate in _judged(tx, facts)] + [
        Gate(name=name, state="untried", detail="A cutover tries it.", advice=_ADVICE[name])
        for name in _TRIED_BY_CUTOVER
    ]


def pass_all(tx: Transaction, entity: Entity, client_id: UUID | None, overrides: Collection[GateName]) -> list[Gate]:
    """Return the gates if all gates have passed or are overridden. Other writes wait until the transaction ends.

    The function checks the gates twice. Other writes wait only during the second check, because most gates fail at the
    first check. Raises GatesFailed and NotFound. Raises Conflict if a write runs for too long, or if writes would wait
    for too long.
    """
    # This runs before the lock, so that this transaction and a write cannot deadlock.
    canary = sql.try_canary(tx, entity=entity)
    _pass(tx, entity, client_id, overrides, canary)
    sql.hold_stages(tx)
    try:
        return _pass(tx, entity, client_id, overrides, canary)
    except QueryCanceled as error:
        raise Conflict(
            "The check of the gates takes too long while writes wait. Map or repair documents, and try again."
        ) from error


def _pass(
    tx: Transaction,
    entity: Entity,
    client_id: UUID | None,
    overrides: Collection[GateName],
    canary: Mapping[str, Any],
) -> list[Gate]:
    """Return the gates. Raises NotFound. Raises GatesFailed if a gate has failed and is not overridden."""
    judged = [*_judged(tx, _facts(tx, entity, client_id)), _transactions(tx), _canary(canary)]
    gates = [_gate(*gate, overrides) for gate in judged]
    failed = [gate for gate in gates if gate.state == "failed"]
    if failed:
        errors = [FieldError(pointer=gate.name, detail=f"{gate.detail} {gate.advice}") for gate in failed]
        raise GatesFailed(f"These gates have not passed: {', '.join(gate.name for gate in failed)}", errors)
    return gates


_TRIED_BY_CUTOVER: tuple[GateName, ...] = ("transactions", "canary")
_Judged = tuple[GateName, bool, str]
"""The name of a gate, whether the gate has passed, and a text that says what was found."""


def _gate(name: GateName, passed: bool, detail: str, overrides: Collection[GateName] = ()) -> Gate:
    failed = "overridden" if name in overrides else "failed"
    return Gate(name=name, state="passed" if passed else failed, detail=detail, advice=_ADVICE[name])


def _facts(tx: Transaction, entity: Entity, client_id: UUID | None) -> Mapping[str, Any]:
    facts: Mapping[str, Any] = sql.get_cutover_facts(tx, entity=entity, client_id=client_id)
    if not facts["client_exists"]:
        raise NotFound
    return facts


def _judged(tx: Transaction, facts: Mapping[str, Any]) -> Iterator[_Judged]:
    """Check the gates that need no write to the database."""
    yield "mirror", facts["mirror"], "The mirror is on." if facts["mirror"] else "The mirror is off."
    names = release.deviations(
        sql.list_mirror_functions(tx), sql.list_mirror_triggers(tx), are_applied=sql.has_applied_functions(tx)
    )
    shown = ", ".join(names[:_MAX_NAMES])
    yield (
        "triggers",
        not names,
        f"Different from the release: {shown}." if names else "All triggers are enabled and as released.",
    )
    run, pending = facts["run"], facts["pending"]
    yield (
        "backfill",
        run == "complete" and pending == 0,
        f"The last run is {run or 'missing'}. {pending:,} documents are not mapped yet.",
    )
    quarantined = facts["quarantined"]
    yield "quarantine", quarantined == 0, f"{quarantined:,} documents are in quarantine."
    yield "comparison", *judge_comparison(facts["comparison"])
    reads, mismatches, unsolved = facts["shadow_reads"], facts["mismatches"], facts["open_mismatches"]
    yield (
        "shadow",
        reads >= MIN_SHADOW_READS and mismatches == 0 and unsolved == 0,
        f"{mismatches:,} of {reads:,} reads found a difference. At least {MIN_SHADOW_READS:,} reads are needed. "
        f"Open mismatches: {unsolved:,}.",
    )


def judge_comparison(comparison: Mapping[str, Any] | None, compared: str = "") -> tuple[bool, str]:
    """Return whether the last full comparison allows a cutover or a retirement, and what was found.

    `compared` says what the comparison must include, e.g. ` of all clients`.
    """
    if comparison is None:
        return False, f"No full comparison{compared} is complete."
    if not comparison["is_recent"] or not comparison["is_mirrored"]:
        return False, "The last full comparison is older than 24 hours, or was made before the mirror was on."
    open_differences, unmirrored = comparison["open"], comparison["unmirrored"]
    later = f" Since it began, {unmirrored:,} rows were not mirrored." if unmirrored else ""
    return (
        open_differences == 0 and unmirrored == 0,
        f"The last full comparison has {open_differences:,} open differences.{later}",
    )


def _transactions(tx: Transaction) -> _Judged:
    seconds = sql.get_oldest_transaction(tx)
    if seconds is None:
        return "transactions", False, "The platform has no right to see other transactions."
    return "transactions", seconds <= MAX_TRANSACTION_SECONDS, f"The oldest transaction is {seconds:.0f} seconds old."


def _canary(canary: Mapping[str, Any]) -> _Judged:
    if canary["document_to_row"] and canary["row_to_document"]:
        return "canary", True, "A document became a row, and its row changed the document."
    missing = (
        "the row did not change its document" if canary["document_to_row"] else "the document did not become a row"
    )
    failure = f" ({canary['failure']})" if canary["failure"] else ""
    return "canary", False, f"The canary (a test record) was not mirrored: {missing}{failure}."
