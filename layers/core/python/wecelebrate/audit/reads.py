"""Records the reads of personal data by the platform's staff."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from typing import Any, Literal

from fastapi import Depends, Request, Response

from wecelebrate.core.database import Transaction, as_json, queries, writing
from wecelebrate.core.http import before_response, failures

sql = queries(__file__)

PERSONAL_FILTERS = frozenset(
    {"customer_email", "email", "recipient", "address", "q", "cursor", "user_id", "session_id"}
)
"""The query parameters whose values are not copied into the log."""
_MAX_VALUE_LENGTH = 200


def records_reads(noun: str) -> Any:
    """Return a dependency of a GET route. The dependency records each response that shows data to staff.

    `noun` is the type of the objects, e.g. `order`. The recorded action is `order.read` or `order.list`.
    """

    async def register(request: Request) -> None:
        before_response(request, partial(_record, request, noun))

    return Depends(register)


def records_reads_of(kind: Literal["job", "order"], noun: str) -> Any:
    """Return a dependency of a GET route whose path contains `job_id` or `order_id`.

    The dependency records each response that shows staff a part of this object, e.g. the rejected rows of a job or the
    shipments of an order. The object of the entry is the job or the order.
    """

    async def register(request: Request) -> None:
        before_response(request, partial(_record_part, request, kind, noun))

    return Depends(register)


def _record_part(request: Request, kind: str, noun: str, response: Response) -> None:
    with _staff_reading(request, response) as tx:
        if tx is None:
            return
        rows = json.loads(bytes(response.body)).get("data")
        details = {"path": request.url.path} | ({} if rows is None else {"count": len(rows)})
        action = f"{noun}.{'read' if rows is None else 'list'}"
        record = sql.record_job_read if kind == "job" else sql.record_order_read
        record(
            tx, action=action, object_id=request.path_params[f"{kind}_id"], **as_json({"details": details}, "details")
        )


def _record(request: Request, noun: str, response: Response) -> None:
    with _staff_reading(request, response) as tx:
        if tx is None:
            return
        body = json.loads(bytes(response.body))
        is_list = isinstance(body.get("data"), list)
        entries = list(_list_entries(noun, body["data"], request)) if is_list else [_entry(noun, body)]
        action = f"{noun}.{'list' if is_list else 'read'}"
        sql.record_reads(tx, action=action, **as_json({"reads": entries}, "reads"))


@contextmanager
def _staff_reading(request: Request, response: Response) -> Iterator[Transaction | None]:
    """Open the transaction that records a read.

    If the caller is not staff, or if the response shows no data, yield None instead.
    """
    cache = failures.remembered(request)
    if cache.is_staff is False or response.status_code != HTTPStatus.OK:
        yield None
        return
    with writing(cache.caller, remember=False) as tx:
        yield tx if tx.context.is_staff else None


def _entry(noun: str, item: Mapping[str, Any]) -> dict[str, Any]:
    return {"client_id": item["id"] if noun == "client" else item["client_id"], "object_id": item["id"]}


def _list_entries(noun: str, items: Sequence[Mapping[str, Any]], request: Request) -> Iterator[dict[str, Any]]:
    """Yield one entry for each client whose objects are on the page. An empty page also has one entry.

    A page of clients has only one entry, which belongs to the platform. The staff's console requests the list of
    clients very often. An entry for each client would make it hard for the owner of a client to find more important
    entries.
    """
    ids: dict[str | None, list[str]] = defaultdict(list)
    for item in items:
        ids[None if noun == "client" else item["client_id"]].append(item["id"])
    if not items:
        ids[request.query_params.get("client_id") or request.path_params.get("client_id")] = []
    query = {
        name: "[redacted]" if name in PERSONAL_FILTERS else value[:_MAX_VALUE_LENGTH]
        for name, value in request.query_params.items()
    }
    for client, read in ids.items():
        details = {"count": len(read), "ids": read, "query": query, "path": request.url.path}
        yield {"client_id": client, "object_id": "*", "details": details}
