"""Creates HTTP clients for the API."""

import random
import sys
from collections.abc import Callable
from functools import cached_property
from typing import Any, LiteralString
from uuid import uuid4

import httpx

from tests import contract
from tests.platform.cloud import TLS, CloudAccess

REVOKE_SESSIONS = "/v1/me/revoke-sessions"
SUBSTITUTE: LiteralString = """
insert into admin_users (user_id, email, role) select %s, %s, role from admin_users where user_id = %s
"""


class ApiAccess(CloudAccess):
    """Creates HTTP clients for the API of the local cloud."""

    def api(self, subject: str | None = None, *, any_state: bool = True, **claims: Any) -> httpx.Client:
        """Return an HTTP client that sends a token for `subject`. If `subject` is None, the client sends no token.

        The client sends its requests from a random loopback address.

        If `any_state` is true, the client adds `If-Match: *` to every PUT, PATCH and DELETE without an If-Match header.
        `claims` are added to the token. The client checks every response against the OpenAPI document.
        """
        headers = {"Authorization": f"Bearer {self.issuer.token(subject, **claims)}"} if subject else {}
        hooks: dict[str, list[Callable[..., Any]]] = {
            "request": [
                lambda request: self._spare_shared_account(subject, request),
                lambda _: self.wait_for_replica(),
                *([_add_if_match] if any_state else []),
            ],
            "response": [contract.check_response, lambda response: self._restore_sessions(subject, response)],
        }
        client = httpx.Client(
            base_url=self.endpoints.api,
            headers=headers,
            timeout=30,
            event_hooks=hooks,
            transport=httpx.HTTPTransport(verify=TLS, local_address=address()),
        )
        self._clients.append(client)
        return client

    def substitute(self, subject: str) -> str:
        """Create another account with the role of the account `admin` or `support`, which all tests share."""
        substitute = f"{subject}-{uuid4().hex[:12]}"
        self.database.execute(SUBSTITUTE, [substitute, f"{substitute}@example.test", subject])
        return substitute

    def _spare_shared_account(self, subject: str | None, request: httpx.Request) -> None:
        """If a request ends the sessions of a shared account, send the request from another account instead."""
        if subject in ("admin", "support") and request.url.path == REVOKE_SESSIONS:
            request.headers["Authorization"] = f"Bearer {self.issuer.token(self.substitute(subject))}"

    def _restore_sessions(self, subject: str | None, response: httpx.Response) -> None:
        """Make the tokens of a tenant's owner valid again, after a test has ended the owner's sessions."""
        is_owner = subject is not None and subject.startswith("owner-")
        if is_owner and response.request.url.path == REVOKE_SESSIONS and response.status_code == 204:
            self.arrange("delete from revoked_sessions where subject = %s", [subject])
            self.wait_for_replica()

    @cached_property
    def admin(self) -> httpx.Client:
        """An HTTP client that sends the token of a super admin."""
        return self.api("admin")


def address() -> str | None:
    """Return a random loopback address. If all tests used the same address, their requests would exceed the rate limit.

    Return None on systems that have only one loopback address.
    """
    if sys.platform != "linux":
        return None
    return f"127.{random.randrange(1, 255)}.{random.randrange(256)}.{random.randrange(1, 255)}"


def _add_if_match(request: httpx.Request) -> None:
    if request.method in ("PUT", "PATCH", "DELETE") and "if-match" not in request.headers:
        request.headers["If-Match"] = "*"
