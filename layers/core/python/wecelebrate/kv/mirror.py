"""Switches the mirror on or off, and returns its state. The mirror copies changes between documents and rows.

The mirror consists of triggers of the database (`schema/functions/kv_mirror*.sql`). See decisions 0081 and 0082.
"""

import time
from collections.abc import Mapping

from psycopg.errors import ObjectInUse

from wecelebrate.core.database import Transaction, queries
from wecelebrate.core.errors import Conflict
from wecelebrate.kv.models import Mirror, NewMirror, NewRevisions, RevisionsCheckpoint

sql = queries(__file__)

BATCH_SIZE = 500
"""The number of documents to which one statement gives a revision."""
SECONDS = 2.0
"""After this number of seconds, a request starts no new batch."""
ADVICE: Mapping[str, str] = {
    "both_changed": "The last writer won. Compare the row with the document, and correct the field if it is wrong.",
    "base_unknown": "The writer had read a version that was replaced more than 10 minutes ago, or sent no "
    "revision. The document replaced all fields except the stock. Compare the document with the row.",
    "below_zero": "Both applications sold the last pieces. Correct the stock, or cancel an order.",
    "sale_in_doubt": "The same write of a gift without `updatedAt` arrived twice. It counted once, because a repeated "
    "request looks like this, but it can be the sale of a second application. Count the pieces, and correct the stock. "
    "Change the application, so that it writes the current time into `updatedAt`.",
    "row_not_mirrored": "The row changed, but not its document. Change the row again, or correct the document.",
    "row_deleted": "The row was deleted in the platform, and an application wrote its document again. The row stays "
    "deleted: delete the document, or give it a new id.",
    "document_not_mirrored": "The document changed, but not its row. Run `wecelebrate kv backfill`.",
}
"""Maps each kind of conflict to advice for the operator."""


def switch(tx: Transaction, new: NewMirror) -> Mirror:
    """Switch the mirror on or off. Raises Forbidden unless the caller is a super admin. Raises Conflict if a write is
    running.

    Also raises Conflict if the tables lead for an entity and the change would switch the mirror off or remove an
    environment.
    """
    try:
        sql.switch_mirror(
            tx,
            enabled=new.enabled,
            environments=new.environments if new.enabled else None,
            currency=new.currency,
        )
    except ObjectInUse as error:  # The database checks this condition while it holds the lock of the stages.
        raise Conflict(error.diag.message_primary) from error
    return get(tx)


def get(tx: Transaction) -> Mirror:
    """Return the state of the mirror. Raises Forbidden unless the caller is a super admin."""
    row = sql.get_mirror(tx)
    conflicts = [{**conflict, "advice": ADVICE[conflict["kind"]]} for conflict in row["conflicts"]]
    return Mirror.model_validate({**row, "conflicts": conflicts})


def give_revisions(tx: Transaction, new: NewRevisions) -> RevisionsCheckpoint:
    """Give revisions to the next documents until SECONDS have passed.

    It returns the key after which the next call continues, or None if all documents have revisions. Raises Forbidden
    unless the caller is a super admin.
    """
    give_up_at = time.monotonic() + SECONDS
    after: str | None = new.after
    while after is not None and time.monotonic() < give_up_at:
        after = sql.give_revisions(tx, after=after, size=BATCH_SIZE)
    return RevisionsCheckpoint(after=after)
