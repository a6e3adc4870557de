"""The stages of the cutover. A stage says whether the store or the tables lead, and which of the two answers reads.

The database applies the stages (`schema/functions/kv_stages.sql`, `kv_reading.sql`). See decisions 0090 and 0091.
"""

from collections.abc import Iterator
from uuid import UUID

from psycopg.types.json import Jsonb

from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import Invalid, NotFound
from wecelebrate.core.problem_document import FieldError
from wecelebrate.kv import gates, retirement
from wecelebrate.kv.models import Entity
from wecelebrate.kv.stage_models import ChangedStage, Gate, NewStage, Stage, Stages

sql = queries(__file__)


def list_all(tx: Transaction) -> Stages:
    """Return all stages. Raises Forbidden unless the caller is a super admin."""
    return Stages(data=[Stage.model_validate(row) for row in sql.list_stages(tx)])


def change(tx: Transaction, entity: Entity, new: NewStage) -> ChangedStage:
    """Cut over, roll back, or change the percentage of reads that compare documents with rows.

    Raises Invalid, GatesFailed or NotFound. Raises Forbidden unless the caller is a super admin.
    """
    errors = list(_errors(new))
    if errors:
        raise Invalid(errors=errors)
    if new.leads == "kv" or (new.leads == "tables" and new.reads != 100):
        retirement.require_none(tx, entity, "the tables must answer all reads")
    passed: list[Gate] = []
    details = None
    if new.leads == "tables":
        passed = gates.pass_all(tx, entity, new.client_id, new.overrides)
        overridden = [gate.name for gate in passed if gate.state == "overridden"]
        details = {"overridden": overridden, "reason": new.reason} if overridden else None
    reads = 0 if new.leads == "kv" else new.reads
    is_changed = sql.change_stage(
        tx,
        entity=entity,
        client_id=new.client_id,
        leads=new.leads,
        reads=reads,
        shadow=new.shadow,
        details=Jsonb(details) if details else None,
    )
    if not is_changed:
        raise NotFound
    return ChangedStage(stage=_get(tx, entity, new.client_id), gates=passed)


def _get(tx: Transaction, entity: Entity, client_id: UUID | None) -> Stage:
    return next(s for s in list_all(tx).data if (s.entity, s.client_id) == (entity, client_id))


def _errors(new: NewStage) -> Iterator[FieldError]:
    if new.leads is None and new.shadow is None:
        yield FieldError(pointer="/leads", detail="is required, unless `shadow` is given")
    if new.leads == "tables" and new.reads is None:
        yield FieldError(pointer="/reads", detail="is required for a cutover")
    if new.leads != "tables" and new.reads is not None:
        yield FieldError(pointer="/reads", detail="must be absent, unless `leads` is `tables`")
    if new.leads != "tables" and new.overrides:
        yield FieldError(pointer="/overrides", detail="must be empty, unless `leads` is `tables`")
    if new.overrides and new.reason is None:
        yield FieldError(pointer="/reason", detail="is required to override gates")
