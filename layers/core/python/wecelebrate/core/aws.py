"""Recognizes temporary errors of AWS. After a temporary error, a later attempt can succeed.

    with temporary_errors("S3"):
        client.get_object(...)

boto3 has already retried a call when it raises one of these errors. A temporary error becomes Unavailable: a request
gets a 503 response with Retry-After, and a job is retried without counting the attempt. All other errors of boto3, e.g.
AccessDenied, are raised unchanged, because they mean that the platform is deployed incorrectly. The log contains these
errors. A job that such an error stops becomes a dead letter, which an operator can redrive.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from wecelebrate.core.errors import Unavailable

THROTTLING_CODES = frozenset(
    {
        "BandwidthLimitExceeded", "PriorRequestNotComplete", "RequestLimitExceeded", "RequestThrottled",
        "RequestThrottledException", "SlowDown", "ThrottledException", "Throttling", "ThrottlingException",
        "TooManyRequestsException",
    }
)  # fmt: skip
"""The error codes with which AWS services limit the rate of calls.

Source: the retry behavior of the AWS SDKs, https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html.
"""
EXPIRED_CODES = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "RequestTimeTooSkewed"})
"""The error codes for credentials or signatures that are no longer valid. Lambda renews the credentials of a function,
so a later call succeeds."""
_FIRST_SERVER_ERROR = 500


@contextmanager
def temporary_errors(service: str) -> Iterator[None]:
    """Raise Unavailable if the block raises a temporary error of AWS. `service` is the service that the block calls."""
    from botocore.exceptions import (
        ClientError,
        ConnectionError,
        CredentialRetrievalError,
        HTTPClientError,
        IncompleteReadError,
    )

    try:
        yield
    except ClientError as error:
        if is_temporary(error.response):
            raise Unavailable(f"{service} does not respond: {_code(error.response)}. Try again in a moment.") from error
        raise
    except (ConnectionError, HTTPClientError, IncompleteReadError, CredentialRetrievalError) as error:
        raise Unavailable(f"{service} cannot be reached. Try again in a moment.") from error


def is_temporary(response: object) -> bool:
    """Return whether the error response of an AWS service is temporary. `response` is `ClientError.response`."""
    assert isinstance(response, dict)
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = _code(response)
    return (
        status >= _FIRST_SERVER_ERROR or code in THROTTLING_CODES or code in EXPIRED_CODES or code == "RequestTimeout"
    )


def _code(response: object) -> str:
    assert isinstance(response, dict)
    return str(response.get("Error", {}).get("Code", ""))
