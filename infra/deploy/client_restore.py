"""Compares and restores one client of an environment, in the function `deploy-migrate`.

Only this function can connect to the clusters, because a restored cluster has the same security group as the live one.
The function signs in as `wc_migrate`.
"""

import json
from collections.abc import Mapping
from typing import Any

from infra.deploy.account import Account, AwsError

PORT = 5432


def restore_client(account: Account, cluster: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Compare a client in a restored cluster with the live cluster. If `copy` is true, also write.

    request: the fields of `wecelebrate.clients.restoration.Request`. The result is the document of
    `wecelebrate.clients.restoration.run`. Raises AwsError if the function fails.
    """
    request = {**request, "restored": f"{_endpoint(account, cluster)}:{PORT}"}
    function = account.environment.resource("deploy-migrate")
    answer = account.client("lambda").invoke(FunctionName=function, Payload=json.dumps({"restore_client": request}))
    document: dict[str, Any] = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        log = f"/aws/lambda/{function}"
        raise AwsError(f"{function} failed, and copied nothing: {document.get('errorMessage')} (log group {log})")
    if error := document.get("error"):
        raise AwsError(f"{error}; nothing was copied")
    return document


def _endpoint(account: Account, cluster: str) -> str:
    clusters = account.client("rds").describe_db_clusters(DBClusterIdentifier=cluster)["DBClusters"]
    return str(clusters[0]["Endpoint"])
