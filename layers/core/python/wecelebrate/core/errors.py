"""Errors, as RFC 9457 problems.

    Problem                      status  code
    ├── Invalid                  422     invalid          the request is well-formed, but not valid
    ├── MalformedBody            400     malformed_body
    ├── BadCursor                400     bad_cursor
    ├── BadIdempotencyKey        400     bad_idempotency_key
    ├── Unauthenticated          401     unauthenticated
    │   └── SessionRevoked       401     session_revoked
    ├── Forbidden                403     forbidden
    │   └── NoMembership         403     no_membership
    ├── NotFound                 404     not_found        also for an object of another client
    │   └── UnknownPath          404     unknown_path
    ├── MethodNotAllowed         405     method_not_allowed
    ├── UnsupportedMediaType     415     unsupported_media_type
    ├── Conflict                 409     conflict
    │   └── AlreadyExists        409     already_exists
    ├── PreconditionFailed       412     precondition_failed
    ├── PreconditionRequired     428     precondition_required
    ├── TooManyRequests          429     rate_limited
    ├── TooSlow                  504     query_timeout
    └── Unavailable              503     unavailable

The first line of a class's docstring is the title of the problem. The rest of the docstring says what the problem means
and what to do. The public page of the problem shows both (`wecelebrate.problem_pages`). The code of a problem is
stable, so clients should branch on it.
"""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from wecelebrate.core.problem_document import MAX_ERRORS, FieldError, ProblemDocument


class Problem(Exception):
    """An internal error occurred.

    The platform could not complete the request because of an internal fault. The request changed nothing.

    Repeat the request after a few seconds. Use an `Idempotency-Key` for a `POST`, so that the request has its effect
    only once. If the problem remains, contact support with the `request_id` of the response.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"

    def __init__(self, detail: str | None = None, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail or self.title())
        self.detail = detail
        self.errors = list(errors[:MAX_ERRORS])

    @classmethod
    def title(cls) -> str:
        """Return the title: the first line of the class's docstring."""
        return (cls.__doc__ or "An internal error occurred.").splitlines()[0]

    @classmethod
    def explanation(cls) -> str:
        """Return what the problem means and what to do: the docstring without its first line."""
        return inspect.cleandoc((cls.__doc__ or "").partition("\n")[2])

    def document(self, request_id: str | None, docs_url: str) -> dict[str, Any]:
        """Return the problem document, without its empty members. `docs_url` is the base URL of all problem pages."""
        document = ProblemDocument(
            type=f"{docs_url}/problems/{self.code}",
            title=self.title(),
            status=self.status,
            code=self.code,
            detail=self.detail,
            errors=self.errors,
            request_id=request_id,
        ).model_dump(exclude_none=True)
        if not self.errors:
            del document["errors"]
        return document

    def headers(self) -> Mapping[str, str]:
        """Return the additional headers of the response."""
        return {}


class Invalid(Problem):
    """The request is not valid.

    The request is well-formed, but contains an invalid value, parameter or key. `errors` has one entry for each
    problem. `pointer` is the JSON Pointer of a field in the body, or the name of a parameter. `detail` says what is
    wrong.

    Correct the values and send the request again. Without a correction, the request will fail again. So that no part of
    a request is ignored, the API also refuses unknown parameters, repeated parameters, and JSON objects with duplicate
    keys.

    Example:

        {"pointer": "/price", "detail": "is required"}
    """

    status = 422
    code = "invalid"


class MalformedBody(Problem):
    """The body is not JSON.

    The content type says that the body is JSON, but the body cannot be parsed. For example, the body is cut off, has an
    extra comma, or is not in UTF-8.

    Create the body with a JSON library. Do not build it from pieces of text.

        curl -X POST $API/v1/uploads -H 'Content-Type: application/json' -d '{"name": "products.csv", "size": 1024}'
    """

    status = 400
    code = "malformed_body"


class ContentTooLarge(Problem):
    """The body is larger than this operation accepts.

    The operation refuses large bodies before it parses them. `detail` states the largest size.

    Split the content into several requests.
    """

    status = 413
    code = "content_too_large"


class UnsupportedMediaType(Problem):
    """The content type must be application/json.

    The request has a body, but its header `Content-Type` names another type, or is missing.

    Send the body as JSON with `Content-Type: application/json`. A `PATCH` also accepts `application/merge-patch+json`.
    To send a file, create an upload with `POST /v1/uploads`.
    """

    status = 415
    code = "unsupported_media_type"


class BadCursor(Problem):
    """This cursor does not belong to this list. Request the first page without a cursor.

    A cursor is valid only for the list from which it comes: the path, the filters and the sort order must be the same.

    Follow the header `Link`, or pass `next_cursor` unchanged as `cursor` with the same filters. If you change a filter,
    request the first page again, without a cursor.

        GET /v1/orders?status=placed&cursor=<next_cursor of the previous page>
    """

    status = 400
    code = "bad_cursor"


class BadIdempotencyKey(Problem):
    """The header Idempotency-Key must have 1 to 255 printable characters, not only spaces, and no comma.

    The key identifies a request, so that the request has its effect only once. A key must not be empty. It must not
    contain characters with which an intermediary could change the key, or join it with another key. The header must not
    be repeated.

    Use a new UUID for each request, and send the same UUID when you repeat the request.

        Idempotency-Key: 0197a5c0-6f3b-7d52-9c1e-5a8f2f7f1b3d
    """

    status = 400
    code = "bad_idempotency_key"


class Unauthenticated(Problem):
    """The access token is missing or not valid.

    The request needs a token, but has none, or its token is not valid. A token is not valid if it has expired, has a
    wrong signature, or was not issued for this API.

    Get a new access token and send it with the request. Send the access token, not the ID token.

        Authorization: Bearer <access token>
    """

    status = 401
    code = "unauthenticated"

    def headers(self) -> Mapping[str, str]:
        """Return the header that describes how to authenticate (RFC 6750)."""
        return {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class SessionRevoked(Unauthenticated):
    """This session was ended. Sign in again.

    All sessions of the account were ended, by the account itself or by the platform, for example because a token was
    lost. All tokens of these sessions are refused, even if they were refreshed later.

    Sign in again. The new session must begin at least one second after the old sessions were ended.
    """

    code = "session_revoked"


class Forbidden(Problem):
    """Your role does not allow this.

    The account may read the object, but may not change it in this way. For example, a viewer may read the products of a
    client, but only owners and editors may write them.

    Ask an owner of the client for another role, or use another account. Until then, the request will fail again.
    """

    status = 403
    code = "forbidden"


class NoMembership(Forbidden):
    """This account is not a member of any client.

    The token is valid, but its account does not belong to a client or to the staff of the platform.

    Ask an owner of the client to add the account. `GET /v1/me` shows the clients of an account. A machine that an owner
    has added must accept its membership once, with `POST /v1/clients/{client_id}/machines/accept`.
    """

    code = "no_membership"


class NotFound(Problem):
    """This object does not exist, or you have no access to it.

    No object has this id, or the object belongs to another client. The API does not say which of the two is true,
    because the objects of other clients are private.

    Check the id, and check with `GET /v1/me` that the token belongs to the right client.
    """

    status = 404
    code = "not_found"


class UnknownPath(NotFound):
    """The API has no such path. Check the URL.

    The URL does not exist, for any method and any account. Typical reasons are a typo, a slash at the end, or a
    missing `/v1`.

    Compare the path with the OpenAPI document.

        GET /v1/clients     not /clients, and not /v1/clients/
    """

    code = "unknown_path"


class MethodNotAllowed(Problem):
    """The path does not support this method. The header Allow lists the methods that it supports.

    The path exists, but does not support this method. For example, a list can be read, but not deleted.

    Use one of the methods in the header `Allow` of the response.

        Allow: GET, HEAD, POST, OPTIONS
    """

    status = 405
    code = "method_not_allowed"

    def __init__(self, allowed: Iterable[str]) -> None:
        super().__init__()
        self._allowed = ", ".join(allowed)

    def headers(self) -> Mapping[str, str]:
        """Return the header with the methods that the path supports (RFC 9110)."""
        return {"Allow": self._allowed}


class Conflict(Problem):
    """The request conflicts with the current state.

    The request is valid, but the object, or another object, is in a state that does not allow it. `detail` describes
    this state.

    Read the object again, and decide whether the request is still needed.
    """

    status = 409
    code = "conflict"


class AlreadyExists(Conflict):
    """An object with this name or key already exists.

    Another object already has a value that must be unique, for example the slug of a client or the SKU of a product.
    `detail` names the value.

    Change the existing object with `PUT` or `PATCH`, or choose another value.
    """

    code = "already_exists"


class _Precondition(Problem):
    """The request changes an object, but does not name the current version of the object."""

    def __init__(self, current: str) -> None:
        """`current` is the current entity tag of the object. The caller must be allowed to read the object."""
        super().__init__()
        self._current = current

    def headers(self) -> Mapping[str, str]:
        """Return the header with the current entity tag of the object."""
        return {"ETag": self._current}


class PreconditionFailed(_Precondition):
    """The object has changed since you read it. Read it again and send its current ETag.

    Another request changed the object after you read it. Without this check, your request would overwrite that change.

    Read the object, apply your change to it, and send the current tag in `If-Match`. The header `ETag` of the response
    is the current tag.

        If-Match: "5d41402abc4b2a76b9719d911017c592"
    """

    status = 412
    code = "precondition_failed"


class PreconditionRequired(_Precondition):
    """This request needs an If-Match header with the ETag of the object that you read.

    A request that changes or deletes this object has to say which version of the object it changes. Otherwise two
    callers could overwrite each other's changes without noticing.

    Read the object and send its `ETag` in `If-Match`. The header `ETag` of the response is the current tag. If the
    state of the object does not matter, send `If-Match: *`.

        If-Match: "5d41402abc4b2a76b9719d911017c592"
    """

    status = 428
    code = "precondition_required"


class TooManyRequests(Problem):
    """The rate limit is used up. Try again later.

    A client, an IP address, a customer or a site has sent more requests than its limit allows. `detail` names the
    limit, and the headers `RateLimit` and `RateLimit-Policy` give the state of all limits.

    Wait for the number of seconds in `Retry-After`, then continue more slowly. Failed requests cost more than
    successful requests, so repair a program that sends invalid requests.

        Retry-After: 12
    """

    status = 429
    code = "rate_limited"

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail)
        self._retry_after = retry_after

    def headers(self) -> Mapping[str, str]:
        """Return the header with the number of seconds to wait before the next attempt."""
        return {"Retry-After": str(self._retry_after)}


class TooSlow(Problem):
    """The query took longer than your tier allows. Request less data, or write with POST /v1/products/bulk-import.

    Each tier of a client has a maximum time for a statement of the database. The request changed nothing.

    Request a smaller page, use fewer facets or filters, or write many products with a bulk import instead of single
    requests.
    """

    status = 504
    code = "query_timeout"


class Unavailable(Problem):
    """A part of the platform does not respond. Try again in a moment.

    The database, the cache, a queue or a service that the platform calls does not answer. The request changed nothing.

    Wait for the number of seconds in `Retry-After`, then repeat the request. Wait longer after each failure. Use an
    `Idempotency-Key` for a `POST`.
    """

    status = 503
    code = "unavailable"

    def headers(self) -> Mapping[str, str]:
        """Return the header with the number of seconds to wait before the next attempt."""
        return {"Retry-After": "2"}
