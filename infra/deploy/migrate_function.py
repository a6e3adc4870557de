"""Invokes the function `deploy-migrate`, the only function that can connect to the clusters without RDS Proxy."""

import json
from collections.abc import Mapping
from typing import Any

from infra.deploy.account import Account, AwsError
from infra.deploy.data_api import live_cluster

PORT = 5432


def invoke(account: Account, event: Mapping[str, Any]) -> dict[str, Any]:
    """Invoke the function, and return its result. Raises AwsError if the function fails."""
    function = account.environment.resource("deploy-migrate")
    answer = account.client("lambda", once=True).invoke(FunctionName=function, Payload=json.dumps(event))
    document: dict[str, Any] = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        log = f"/aws/lambda/{function}"
        raise AwsError(f"{function} failed: {document.get('errorMessage')} (log group {log})")
    return document


def check_database(account: Account) -> dict[str, Any]:
    """Check the live database and its readers. The result comes from `wecelebrate.schema.database_check.run`.

    Raises AwsError if the deployed release does not have the check.
    """
    endpoint = cluster(account, live_cluster(account))["ReaderEndpoint"]
    result = invoke(account, {"check_database": {"reader": f"{endpoint}:{PORT}"}})
    if not result.keys() >= {"readers", "large_objects"}:  # an earlier release migrates at every event
        name = account.environment.name
        raise AwsError(
            f"the release of {name} does not know this check: use the checkout of the release that runs"
            f" (`wecelebrate status --env {name}` prints it)"
        )
    return result


def cluster(account: Account, name: str) -> dict[str, Any]:
    """Return the description of a cluster."""
    clusters: list[dict[str, Any]] = account.client("rds").describe_db_clusters(DBClusterIdentifier=name)["DBClusters"]
    return clusters[0]
