"""Compares and restores one client of an environment, in the function `deploy-migrate`.

Only this function can connect to the clusters, because a restored cluster has the same security group as the live one.
The function signs in as `wc_migrate`.
"""

from collections.abc import Mapping
from typing import Any

from infra.deploy.account import Account, AwsError
from infra.deploy.migrate_function import PORT, cluster, invoke


def restore_client(account: Account, restored: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Compare a client in a restored cluster with the live cluster. If `copy` is true, also write to the live cluster.

    restored: the name of the cluster. request: the fields of `wecelebrate.clients.restoration.Request`. The result is
    the document of `wecelebrate.clients.restoration.run`. Raises AwsError if the function fails.
    """
    address = f"{cluster(account, restored)['Endpoint']}:{PORT}"
    try:
        document = invoke(account, {"restore_client": {**request, "restored": address}})
    except AwsError as error:
        # The function writes in one transaction, which a crash rolls back.
        raise AwsError(f"{error}; nothing was copied") from error
    if refused := document.get("error"):
        raise AwsError(f"{refused}; nothing was copied")
    return document
