"""Emulates the operation Invoke of Lambda's API. With it, a function invokes another function.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html

Only synchronous invocations are supported. As on AWS, the function continues to run if its caller disconnects.

The caller of Invoke determines the whole event, including the claims of a user. Therefore the path contains a random
key, which only the functions of the local cloud get (`AWS_ENDPOINT_URL_LAMBDA`). The access key of the request cannot
replace the random key, because the access key is not secret: URLs for uploads contain it. The signature is not
verified, but a request without a signature is refused.

The application answers only requests to the host names of this machine. Otherwise a web page could call the path
through a domain that points to 127.0.0.1 (DNS rebinding).
"""

import asyncio
import hmac
import json
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from infra.local.function_process import Result
from infra.local.lambda_service import Lambda, RequestTooLarge, TooManyRequests, UnknownFunction

INVOCATIONS = "/_local/lambda"
"""The path below which the gateway serves the operation. The endpoint for the AWS SDK also contains the key."""
_INVOKE = re.compile(rf"{INVOCATIONS}/([A-Za-z0-9]+)/2015-03-31/functions/([A-Za-z0-9_-]+)/invocations")

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Invocations:
    """An ASGI application that invokes functions.

    key: the key that the path of a request must contain.
    """

    def __init__(self, functions: Lambda, key: str) -> None:
        self._functions = functions
        self._key = key
        self._running: set[asyncio.Task[Result]] = set()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        match = _INVOKE.fullmatch(scope["raw_path"].decode("latin-1"))
        headers = dict(scope["headers"])
        if match is None or scope["method"] != "POST":
            await _respond(send, 404, "UnknownOperationException", "only Invoke is supported")
        elif headers.get(b"host") not in _hosts(scope["server"][1]):
            await _respond(send, 403, "AccessDeniedException", "the host must be 127.0.0.1 or localhost")
        elif not hmac.compare_digest(match[1], self._key):
            await _respond(send, 403, "UnrecognizedClientException", "the path does not contain the key of this cloud")
        elif not headers.get(b"authorization", b"").startswith(b"AWS4-HMAC-SHA256 "):
            await _respond(send, 403, "MissingAuthenticationTokenException", "the request has no signature")
        elif headers.get(b"x-amz-invocation-type", b"RequestResponse") != b"RequestResponse":
            await _respond(send, 400, "InvalidParameterValueException", "only RequestResponse is supported")
        else:
            await self._invoke(match[2], await _body(receive), send)

    async def _invoke(self, name: str, payload: bytes, send: Send) -> None:
        task = asyncio.create_task(self._functions.invoke(name, payload))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            result = await asyncio.shield(task)
        except UnknownFunction as error:
            await _respond(send, 404, "ResourceNotFoundException", str(error))
        except RequestTooLarge as error:
            await _respond(send, 413, "RequestTooLargeException", str(error))
        except TooManyRequests as error:
            await _respond(send, 429, "TooManyRequestsException", str(error))
        else:
            headers = [(b"x-amz-function-error", result.error.encode())] if result.error else []
            await _send(send, 200, headers, result.payload)


def _hosts(port: int) -> tuple[bytes, bytes]:
    return b"127.0.0.1:%d" % port, b"localhost:%d" % port


async def _body(receive: Receive) -> bytes:
    parts, more_body = [], True
    while more_body:
        message = await receive()
        parts.append(message.get("body", b""))
        more_body = message.get("more_body", False)
    return b"".join(parts)


async def _respond(send: Send, status: int, code: str, message: str) -> None:
    body = json.dumps({"Type": "User", "Message": message}).encode()
    await _send(send, status, [(b"x-amzn-errortype", code.encode())], body)


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    headers = [*headers, (b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
