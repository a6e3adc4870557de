"""Reports by mail. Members of a client receive the report of the client every day, week or month.

models    the models of subscriptions
due       starts the reports that are due
edition   the job that computes a report and queues its mails
charts    the charts of a report as images
links     the page on which a recipient unsubscribes from a report
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from wecelebrate.core import pages, quotas
from wecelebrate.core.database import Transaction, as_json, queries
from wecelebrate.core.errors import Conflict, Forbidden, Invalid, NotFound
from wecelebrate.core.etags import Match
from wecelebrate.core.problem_document import FieldError
from wecelebrate.reports.mailings.models import (
    MAX_RECIPIENTS,
    NewReportSubscription,
    ReportSubscription,
    ReportSubscriptionFilters,
    ReportSubscriptionPatch,
)
from wecelebrate.reports.mailings.periods import next_due

sql = queries(__file__)

MAX_SUBSCRIPTIONS = 50
"""The maximum number of subscriptions of a client. With 20 recipients each, 50 subscriptions send 1,000 mails at a
time.
"""


class TooManySubscriptions(Conflict):
    """This client has the maximum number of report subscriptions.

    The number of report subscriptions of a client is limited.

    Delete a subscription that is not needed any more: `DELETE /v1/report-subscriptions/{subscription_id}`.
    """

    code = "too_many_report_subscriptions"


class TooManyRecipients(Conflict):
    """This report has the maximum number of recipients.

    A report is sent to a limited number of members.

    Create a second subscription, or ask an editor to remove a recipient.
    """

    code = "too_many_report_recipients"


_QUOTA = quotas.Quota("report subscriptions", MAX_SUBSCRIPTIONS, TooManySubscriptions)


def page(tx: Transaction, filters: ReportSubscriptionFilters) -> pages.RenderedPage:
    """Return one page of the subscriptions that the caller can see, sorted from newest to oldest."""
    return pages.list_page("report subscriptions", sql.list_subscriptions, tx, filters, pages.NEWEST)


def get(tx: Transaction, subscription_id: UUID) -> ReportSubscription:
    """Return one subscription. Raises NotFound."""
    row = sql.get_subscription(tx, subscription_id=subscription_id)
    if row is None:
        raise NotFound
    return ReportSubscription(**row)


def create(tx: Transaction, new: NewReportSubscription) -> ReportSubscription:
    """Create a subscription.

    Raises Forbidden or TooManySubscriptions. Raises AlreadyExists if the client has a subscription with this name.
    Raises Invalid if the site or a recipient does not belong to the client. Also raises Invalid if the request names no
    client and the caller has no default client.
    """
    # The import is in the function, because at the top of the module it would add 6 ms to every cold start.
    from wecelebrate.clients.members import default_client

    client_id = new.client_id or default_client(tx)
    if tx.context.role == "app_client" and client_id not in (tx.context.editor_ids or []):
        raise Forbidden
    client = sql.get_client(tx, client_id=client_id)
    if client is None:
        raise Invalid(errors=[FieldError(pointer="/client_id", detail="must be an existing client")])
    if new.site_id and not sql.owns_site(tx, site_id=new.site_id, client_id=client_id):
        raise Invalid(errors=[FieldError(pointer="/site_id", detail="must be a site of the client")])
    quotas.check(tx, _QUOTA, client_id, lambda: int(sql.count_subscriptions(tx, client_id=client_id)))
    values = new.model_dump(mode="json") | {"client_id": client_id, "timezone": new.timezone or client["timezone"]}
    row = sql.create_subscription(tx, **values, next_at=_next_at(values))
    _replace_recipients(tx, row["id"], new.recipients)
    return get(tx, row["id"])


def change(tx: Transaction, subscription_id: UUID, patch: ReportSubscriptionPatch, match: Match) -> ReportSubscription:
    """Apply a patch to a subscription.

    Raises NotFound, Forbidden, AlreadyExists, and the errors of `Match.check`. Raises Invalid if a recipient does not
    belong to the client.
    """
    current = _lock(tx, subscription_id)
    match.check(current)
    changes = patch.changes()
    next_at = current.next_at
    if changes.keys() & {"cadence", "timezone", "send_hour", "is_active"}:
        next_at = _next_at(current.model_dump() | changes)
    values = as_json({"changes": changes}, "changes")
    sql.change_subscription(tx, subscription_id=subscription_id, next_at=next_at, **values)
    if "recipients" in changes:
        _replace_recipients(tx, subscription_id, patch.recipients)
    return get(tx, subscription_id)


def delete(tx: Transaction, subscription_id: UUID, match: Match) -> None:
    """Delete a subscription.

    The mails of the subscription stay in the log. Raises NotFound, Forbidden, and the errors of `Match.check`.
    """
    match.check(_lock(tx, subscription_id))
    sql.delete_subscription(tx, subscription_id=subscription_id)


def subscribe(tx: Transaction, subscription_id: UUID, *, wanted: bool) -> ReportSubscription:
    """Subscribe the caller to a report, or unsubscribe the caller.

    Raises NotFound or TooManyRecipients. Raises Forbidden unless the caller is a person and a member of the client.
    """
    match sql.set_own_report(tx, subscription_id=subscription_id, wanted=wanted):
        case "unknown":
            raise NotFound
        case "not_a_person":
            raise Forbidden("Only a person who is a member of the client can receive its reports.")
        case "full":
            raise TooManyRecipients(f"A report can have at most {MAX_RECIPIENTS} recipients.")
    return get(tx, subscription_id)


def _replace_recipients(tx: Transaction, subscription_id: UUID, member_ids: list[UUID]) -> None:
    refused = sql.set_report_recipients(tx, subscription_id=subscription_id, member_ids=member_ids)
    if refused is None:
        raise Forbidden
    if refused:
        detail = "must be the id of a person who is an active member of the client"
        pointers = [f"/recipients/{index}" for index, member_id in enumerate(member_ids) if member_id in refused]
        raise Invalid(errors=[FieldError(pointer=pointer, detail=detail) for pointer in pointers])


def _lock(tx: Transaction, subscription_id: UUID) -> ReportSubscription:
    """Lock a subscription for a change. Raises NotFound, or Forbidden if the caller can only read it."""
    row = sql.lock_subscription(tx, subscription_id=subscription_id)
    if row is not None:
        return ReportSubscription(**row)
    get(tx, subscription_id)
    raise Forbidden


def _next_at(subscription: dict[str, Any]) -> datetime | None:
    if not subscription["is_active"]:
        return None
    return next_due(subscription, datetime.now(UTC))
