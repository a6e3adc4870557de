"""Responds to the old applications in the same way as PostgREST did, at `/rest/v1/kv_store_6fcaeea3`.

The old applications need only a new URL and a new key. A request uses the primary database, because the old
applications read a document immediately after they have written it.
"""

import base64
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import psycopg
from aws_lambda_powertools import Logger

from wecelebrate.core import deadline, edge, metrics
from wecelebrate.core.compression import compress_large
from wecelebrate.core.database import Caller, Transaction, queries, reading, writing
from wecelebrate.core.errors import Conflict, Problem, TooManyRequests
from wecelebrate.core.requests.request_cache import RequestCache
from wecelebrate.kv import api_keys, traffic
from wecelebrate.kv.errors import StoreError, store_errors
from wecelebrate.kv.requests import (
    Filter,
    Page,
    parse_deletion,
    parse_documents,
    parse_page,
    parse_query,
    parse_replacement,
)

SERVICE = Caller(subject="service:kv")
"""The caller of all requests of the old applications."""
MAX_RESPONSE_BYTES = 5_900_000
"""The maximum size of a response body as JSON text, in bytes. A Lambda function can return 6 MB including the
headers."""
_ATTEMPTS = 3
"""How often a write is attempted if PostgreSQL cancels it because of a deadlock."""
FOLD_SECONDS = 5.0
"""After this number of seconds, a request starts no new portion of a bulk write. The timeout of the function is 15
seconds.
"""
_UNFINISHED = "PT503"
"""The error code of a write that is refused because its documents do not contain the values of a bulk write yet."""
_RETRY_SECONDS = 2
"""If a request failed temporarily, the application should repeat it after this number of seconds."""
_JSON = "application/json; charset=utf-8"

Outcome = TypeVar("Outcome")

logger = Logger()
sql = queries(__file__)


def respond(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Return the response to a request, in the format of API Gateway."""
    request_id = event["requestContext"]["requestId"]
    logger.append_keys(request_id=request_id)
    with deadline.invocation(context):
        response = compress_large(event, _respond(event))
    if not _fits(response["body"]):
        response = _too_large()
    metrics.flush()
    response["headers"] |= {"cache-control": "no-store", "x-request-id": request_id}
    return response


def _fits(body: str) -> bool:
    # JSON text has at most 6 bytes for each character.
    return len(body) <= MAX_RESPONSE_BYTES / 6 or len(json.dumps(body)) <= MAX_RESPONSE_BYTES


def _too_large() -> dict[str, Any]:
    message = f"The response would have more than {MAX_RESPONSE_BYTES:,} bytes"
    hint = "Read fewer documents in one request, and accept the content coding gzip."
    return _failed(StoreError(413, "PGRST413", message, hint=hint))


def _respond(event: dict[str, Any]) -> dict[str, Any]:
    refusal = edge.admit(event)
    if refusal is not None:
        return _failed(StoreError(refusal.status, refusal.code, refusal.detail or refusal.title()))
    headers = {name.lower(): value for name, value in event["headers"].items()}
    try:
        api_keys.check(headers)
    except StoreError as error:
        return _failed(_counted(event, error))
    try:
        return _METHODS[event["requestContext"]["http"]["method"]](event, headers)
    except StoreError as error:
        return _failed(error)
    except Problem as problem:
        logger.exception(problem.code)
        return _failed(StoreError(problem.status, problem.code, problem.detail or problem.title()))
    except Exception:
        logger.exception("the request failed with an unexpected error")
        return _failed(StoreError(500, "XX000", "An internal error occurred"))


def _counted(event: Mapping[str, Any], error: StoreError) -> StoreError:
    """Count a request without a valid key against the rate limit of its IP address.

    Returns the error for the response.
    """
    address = event["requestContext"]["http"]["sourceIp"]
    try:
        RequestCache(Caller(), address, lambda _: None).record_failure(error.status)
    except TooManyRequests as problem:
        return StoreError(problem.status, problem.code, problem.detail or problem.title())
    return error


def _read(event: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    page = parse_page(parse_query(event["rawQueryString"]), headers)
    row, total = _select(page)
    traffic.count("read", page.filter, watched=row["watched"])
    if row["has_dirty"]:
        _fold(page)
        row, total = _select(page)
    if row.get("compared") is not None:
        _record_shadow_reads(row["compared"], row["mismatched"])
    body: str = row["body"]
    if page.one:
        return _single(row["rows"], body)
    if page.offset and total is not None and page.offset >= total:
        raise StoreError(
            416,
            "PGRST103",
            "Requested range not satisfiable",
            details=f"An offset of {page.offset} was requested, but there are only {total} rows.",
        )
    content_range = _content_range(page, row["rows"], total)
    # PostgREST returns the status 206 if the response contains only a part of the rows. The old store returned 200 for
    # HEAD.
    return _response(200, body, {"content-range": content_range, "content-type": _JSON})


def _select(page: Page) -> tuple[Mapping[str, Any], int | None]:
    """Return the row of `read_documents` or `read_answers`, and the number of all documents if the request asks for it.

    `has_dirty` is true if a document may not contain the values of a bulk write yet. `watched` contains the entities
    whose requests are reported immediately.
    """
    with reading(SERVICE, primary=True) as tx, store_errors():
        documents = sql.read_documents(tx, **_selection(page))
        is_answered = documents["is_dialed"] and page.columns != "key"
        row = sql.read_answers(tx, **_selection(page)) if is_answered else documents
        total = sql.count_documents(tx, **_parameters(page.filter)) if page.counts else None
    return {**row, "has_dirty": documents["has_dirty"], "watched": documents["watched"]}, total


def _selection(page: Page) -> dict[str, Any]:
    return {
        "columns": page.columns,
        "descending": page.descending,
        "limit": page.limit,
        "offset": page.offset,
        **_parameters(page.filter),
    }


def _fold(page: Page) -> None:
    """Apply a bulk write to the documents of a page. If a sync is changing their rows, the page has the values before
    the sync.

    Raises StoreError if this takes too long.
    """
    parameters = {name: value for name, value in _selection(page).items() if name != "columns"}
    try:
        _fold_all(lambda tx: sql.fold_documents(tx, **parameters))
    except (StoreError, Problem) as error:
        if error.code == _UNFINISHED:
            raise
        logger.exception("a bulk write was not written into the documents of a page")


def _fold_all(fold: Callable[[Transaction], int]) -> None:
    """Apply a bulk write to all documents of a request, with one transaction for each portion.

    `fold` applies the next portion, and returns the number of remaining products. Raises StoreError if this takes too
    long. The completed portions stay, so that the caller can repeat the request.
    """
    ends_at = time.monotonic() + FOLD_SECONDS
    while _run(fold) > 0:
        if time.monotonic() > ends_at:
            message = "The platform is still writing the documents of a bulk write"
            hint = "Send the request again after a few seconds."
            raise StoreError(503, _UNFINISHED, message, details="Nothing of this request was written.", hint=hint)


def _record_shadow_reads(keys: list[str], mismatched: list[str]) -> None:
    """Count the reads that compared a document with its row.

    If counting fails, the error is only logged, because the response does not depend on the count.
    """
    try:
        with writing(SERVICE) as tx:
            sql.record_shadow_reads(tx, keys=keys, mismatched=mismatched)
    except (Problem, psycopg.Error):
        logger.exception("shadow reads were not counted")


def _single(rows: int, body: str) -> dict[str, Any]:
    if rows != 1:
        raise StoreError(
            406,
            "PGRST116",
            "Cannot coerce the result to a single JSON object",
            details=f"The result contains {rows} rows",
        )
    return _response(200, body[1:-1], {"content-type": "application/vnd.pgrst.object+json; charset=utf-8"})


def _content_range(page: Page, rows: int, total: int | None) -> str:
    span = f"{page.offset}-{page.offset + rows - 1}" if rows else "*"
    return f"{span}/{'*' if total is None else total}"


def _write(event: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    documents = parse_documents(parse_query(event["rawQueryString"]), headers, _body(event))
    merges = documents.resolution == "merge-duplicates"
    query = sql.upsert_documents if merges else sql.insert_documents

    def write(tx: Transaction) -> None:
        sql.lock_written(tx, documents=documents.json)
        query(tx, documents=documents.json)

    with traffic.counting_write(Filter(keys=documents.keys)):
        _run_folded(write, lambda tx: sql.fold_written(tx, documents=documents.json))
    return _response(201, "", {"preference-applied": "resolution=merge-duplicates"} if merges else {})


def _replace(event: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    body = _body(event)
    selected = parse_replacement(parse_query(event["rawQueryString"]), headers, body)

    with traffic.counting_write(selected) as watched:

        def replace(tx: Transaction) -> None:
            watched.update(sql.lock_rows(tx, **_parameters(selected))["watched"])
            sql.update_documents(tx, document=body, **_parameters(selected))

        _run_folded(replace, lambda tx: sql.fold_selected(tx, **_parameters(selected)))
    return _response(204, "", {})


def _delete(event: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    selected = parse_deletion(parse_query(event["rawQueryString"]), headers)

    with traffic.counting_write(selected) as watched:

        def delete(tx: Transaction) -> None:
            watched.update(sql.lock_rows(tx, **_parameters(selected))["watched"])
            sql.delete_documents(tx, **_parameters(selected))

        _run_folded(delete, lambda tx: sql.fold_selected(tx, **_parameters(selected)))
    return _response(204, "", {})


_METHODS: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, str]], dict[str, Any]]] = {
    "GET": _read,
    "HEAD": _read,
    "POST": _write,
    "PATCH": _replace,
    "DELETE": _delete,
}


def _run(work: Callable[[Transaction], Outcome]) -> Outcome:
    """Run a transaction.

    If PostgreSQL cancels the transaction because of a deadlock, run it again. This can happen at the commit too.
    """
    attempt = 1
    while True:
        try:
            with writing(SERVICE) as tx, store_errors():
                return work(tx)
        except (StoreError, Conflict) as error:
            if error.code not in ("40P01", Conflict.code) or attempt == _ATTEMPTS:
                raise
            attempt += 1


def _run_folded(write: Callable[[Transaction], None], fold: Callable[[Transaction], int]) -> None:
    """Run a write.

    If the documents do not contain the values of an earlier bulk write yet, `fold` first updates them in portions.
    """
    try:
        _run(write)
    except StoreError as error:
        if error.code != _UNFINISHED:
            raise
        _fold_all(fold)
        _run(write)


def _parameters(filter: Filter) -> dict[str, Any]:
    first_key, end_key = filter.key_range
    return {"keys": filter.keys, "pattern": filter.pattern, "first_key": first_key, "end_key": end_key}


def _body(event: Mapping[str, Any]) -> str:
    body = event.get("body") or ""
    try:
        return base64.b64decode(body).decode() if event.get("isBase64Encoded") else body
    except ValueError as error:
        raise StoreError(400, "PGRST102", "Empty or invalid json") from error


def _failed(error: StoreError) -> dict[str, Any]:
    wait = {"retry-after": str(_RETRY_SECONDS)} if error.status == 503 else {}
    return _response(error.status, error.body(), {"content-type": _JSON, **wait})


def _response(status: int, body: str, headers: Mapping[str, str]) -> dict[str, Any]:
    return {"statusCode": status, "headers": dict(headers), "body": body, "isBase64Encoded": False}
