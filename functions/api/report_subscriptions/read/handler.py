"""Report subscriptions: list and read them. Members receive the reports by mail."""

from typing import Annotated

from fastapi import Query, Request, Response

from wecelebrate.core.http import Reading, api, page_response, serve
from wecelebrate.core.pages import Page
from wecelebrate.core.types import Id
from wecelebrate.reports import mailings
from wecelebrate.reports.mailings.models import ReportSubscription, ReportSubscriptionFilters

app = api()


@app.get("/v1/report-subscriptions", response_model=Page[ReportSubscription])
def list_report_subscriptions(
    request: Request, filters: Annotated[ReportSubscriptionFilters, Query()], tx: Reading
) -> Response:
    """List the report subscriptions, the newest first. Members receive these reports by mail."""
    return page_response(request, filters, mailings.page(tx, filters))


@app.get("/v1/report-subscriptions/{subscription_id}")
def get_report_subscription(subscription_id: Id, tx: Reading) -> ReportSubscription:
    """Read one report subscription with its recipients."""
    return mailings.get(tx, subscription_id)


handler = serve(app)
