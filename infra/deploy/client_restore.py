"""Compares and restores one client of an environment, in the function `deploy-migrate`.

Only this function can connect to both clusters, because a restored cluster has the security group of the live cluster.
The function signs in as `wc_migrate`.
"""

from collections.abc import Mapping
from typing import Any

from infra.deploy.account import Account, AwsError
from infra.deploy.migrate_function import PORT, cluster, invoke


def restore_client(account: Account, restored: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Compare a client in a restored cluster with the live cluster. If `copy` is true, also write to the live cluster.

    restored: the name of the restored cluster. request: the fields of `wecelebrate.clients.restoration.Request`.

    The result is the document that `wecelebrate.clients.restoration.run` returns. Raises AwsError if the function
    fails.
    """
    address = f"{cluster(account, restored)['Endpoint']}:{PORT}"
    try:
        document = invoke(account, {"restore_client": {**request, "restored": address}})
    except AwsError as error:
        # The function writes in one transaction. If the function crashes, the transaction is rolled back.
        raise AwsError(f"{error}; nothing was copied") from error
    if refused := document.get("error"):
        raise AwsError(f"{refused}; nothing was copied")
    return document
