"""Requests that come through CloudFront. On AWS, functions refuse all other requests.

The host name of API Gateway is public, and a request to it would bypass the firewall and the cache. Therefore
CloudFront adds a header with a secret to each request. It also adds headers with the address and the host of the
visitor, because the gateway sees only the address and the host name of CloudFront. CloudFront replaces these headers if
a visitor sends them.
"""

from hmac import compare_digest
from typing import Any

from wecelebrate.core.errors import Forbidden
from wecelebrate.core.settings import settings

SECRET_HEADER = "x-origin-secret"  # noqa: S105 - the name of a header
ADDRESS_HEADER = "x-viewer-address"
HOST_HEADER = "x-viewer-host"


def admit(event: dict[str, Any]) -> Forbidden | None:
    """Write the address and the host of the visitor into `event`.

    It returns a problem if the request did not come through CloudFront, otherwise None. If no secrets are configured,
    `event` does not change.
    """
    secrets = [secret.encode() for secret in settings().origin_secrets.split(",") if secret]
    if not secrets:
        return None
    headers, context = event["headers"], event["requestContext"]
    secret = headers.pop(SECRET_HEADER, "").encode()
    if not any([compare_digest(secret, accepted) for accepted in secrets]):  # noqa: C419 - always compare with both
        return Forbidden("This host accepts only requests from CloudFront. Send the request to the domain of the API.")
    context["http"]["sourceIp"] = headers.pop(ADDRESS_HEADER, context["http"]["sourceIp"])
    context["domainName"] = headers.pop(HOST_HEADER, context["domainName"])
    return None
