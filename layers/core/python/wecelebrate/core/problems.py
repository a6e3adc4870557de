"""Problems as responses of a Lambda function. This module does not import FastAPI, because that import takes most of
the time of a cold start.
"""

import json
from collections.abc import Mapping
from typing import Any

from wecelebrate.core.errors import Problem
from wecelebrate.core.settings import settings

PROBLEM = "application/problem+json"


def document(problem: Problem, event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the problem document of a response to `event`."""
    return problem.document(event["requestContext"]["requestId"], docs_url(event))


def response(problem: Problem, event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the response to `event` in the format of API Gateway."""
    return {
        "statusCode": problem.status,
        "headers": {"content-type": PROBLEM, **{name.lower(): text for name, text in problem.headers().items()}},
        "body": json.dumps(document(problem, event)),
        "isBase64Encoded": False,
    }


def docs_url(event: Mapping[str, Any]) -> str:
    """Return the base URL of the problem pages: the setting `docs_url`, or the host to which the request was sent."""
    scheme = "http" if settings().environment == "local" else "https"
    return settings().docs_url or f"{scheme}://{event['requestContext']['domainName']}"
