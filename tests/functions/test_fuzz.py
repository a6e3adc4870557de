"""Schemathesis sends generated requests to the running API. The responses must match the OpenAPI document.

`make test` sends EXAMPLES random requests for each operation. `make faults` also sends the requests of schemathesis's
coverage phase: about 9,000 requests with the limits of each parameter and field, and with values beyond these limits.
"""

from copy import deepcopy
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from infra.openapi import document
from infra.openapi.schemas import operations_of
from tests.faults.environment import FULL
from tests.platform import Platform
from tests.platform.api import REVOKE_SESSIONS

EXAMPLES = 15
"""The number of random requests for each operation."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]


def with_listed_responses() -> dict[str, Any]:
    """Return the OpenAPI document without its `default` responses, because a `default` response allows every status."""
    openapi = deepcopy(document())
    for operation in operations_of(openapi):
        del operation["responses"]["default"]
    return openapi


schema = schemathesis.openapi.from_dict(with_listed_responses())
# Schemathesis generates the requests of the coverage phase during the collection of tests, in each pytest worker.
schema.config.phases.coverage.enabled = FULL


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_responses_to_generated_requests_match_the_openapi_document(
    case: Case[Any], platform: Platform, ids: dict[str, str]
) -> None:
    case.path_parameters = {name: ids.get(name, value) for name, value in (case.path_parameters or {}).items()}
    # A request can end the sessions of its account, and all tests share the account `admin`.
    account = platform.substitute("admin") if case.path == REVOKE_SESSIONS else "admin"
    authorization = f"Bearer {platform.issuer.token(account)}"
    case.call_and_validate(base_url=platform.endpoints.api, headers={"authorization": authorization}, checks=CHECKS)
