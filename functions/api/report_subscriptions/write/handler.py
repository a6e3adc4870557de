"""Report subscriptions: create, change and delete them. Members subscribe and unsubscribe themselves."""

from wecelebrate.core.http import IfMatch, Writing, api, located_at, serve
from wecelebrate.core.types import Id
from wecelebrate.reports import mailings
from wecelebrate.reports.mailings.models import NewReportSubscription, ReportSubscription, ReportSubscriptionPatch

app = api()


@app.post("/v1/report-subscriptions", status_code=201, dependencies=[located_at("/v1/report-subscriptions/{id}")])
def create_report_subscription(new: NewReportSubscription, tx: Writing) -> ReportSubscription:
    """Create a report subscription: members get the report of a client by mail every day, week or month."""
    return mailings.create(tx, new)


@app.patch("/v1/report-subscriptions/{subscription_id}")
def change_report_subscription(
    subscription_id: Id, patch: ReportSubscriptionPatch, match: IfMatch, tx: Writing
) -> ReportSubscription:
    """Change some fields of a report subscription with a JSON Merge Patch."""
    return mailings.change(tx, subscription_id, patch, match)


@app.delete("/v1/report-subscriptions/{subscription_id}", status_code=204)
def delete_report_subscription(subscription_id: Id, match: IfMatch, tx: Writing) -> None:
    """Delete a report subscription. The mails that were sent stay in the log."""
    mailings.delete(tx, subscription_id, match)


@app.post("/v1/report-subscriptions/{subscription_id}/subscribe")
def subscribe_to_report(subscription_id: Id, tx: Writing) -> ReportSubscription:
    """Subscribe the caller to a report by mail. Every person who is a member of the client can do this, including
    viewers."""
    return mailings.subscribe(tx, subscription_id, wanted=True)


@app.post("/v1/report-subscriptions/{subscription_id}/unsubscribe")
def unsubscribe_from_report(subscription_id: Id, tx: Writing) -> ReportSubscription:
    """Unsubscribe the caller from a report by mail."""
    return mailings.subscribe(tx, subscription_id, wanted=False)


handler = serve(app)
