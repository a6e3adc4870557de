"""Copies the documents of the store to the tables of the platform, in batches.

The database maps documents to rows (`schema/functions/kv_*.sql`), because triggers need the same mapping. One
transaction writes a batch and its checkpoint. Therefore an interrupted run continues after its last batch. See
decisions 0072 and 0073.
"""

import time
from uuid import UUID

from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import NotFound
from wecelebrate.kv import mirror, retirement
from wecelebrate.kv.comparison import runs
from wecelebrate.kv.models import NewRun, Run
from wecelebrate.kv.reasons import ADVICE, SETTINGS
from wecelebrate.kv.status_models import MoveStatus

sql = queries(__file__)

BATCH_SIZE = 500
"""The number of documents in a batch. A batch of 500 orders takes about a second."""
SECONDS = 2.0
"""After this number of seconds, a request starts no new batch."""


def start(tx: Transaction, new: NewRun) -> Run:
    """Start a run, or return the run that is still active. Raises Forbidden unless the caller is a super admin."""
    return Run.model_validate(sql.start_run(tx, environments=new.environments, currency=new.currency))


def advance(tx: Transaction, run_id: UUID) -> Run:
    """Process batches of a run until SECONDS have passed.

    Raises NotFound. Raises Forbidden unless the caller is a super admin.
    """
    give_up_at = time.monotonic() + SECONDS
    while True:
        row = sql.continue_run(tx, run_id=run_id, size=BATCH_SIZE)
        if row is None:
            raise NotFound
        run = Run.model_validate(row)
        if run.status != "running" or time.monotonic() > give_up_at:
            return run


def status(tx: Transaction) -> MoveStatus:
    """Return the progress of the migration. Raises Forbidden unless the caller is a super admin."""
    row = sql.get_status(tx)
    quarantine = [{**reason, "advice": ADVICE[reason["reason"]]} for reason in row["quarantine"]]
    settings = [{**reason, "advice": SETTINGS[reason["reason"]]} for reason in row["settings"]]
    retirements, traffic = retirement.status(tx)
    values = {
        "quarantine": quarantine,
        "settings": settings,
        "mirror": mirror.get(tx),
        "comparisons": runs.last(tx),
        "retirements": retirements,
        "traffic": traffic,
    }
    return MoveStatus.model_validate({**row, **values})
