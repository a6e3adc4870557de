"""Runs SQL as the master user of the database, through the Data API. The Data API needs neither the API of the platform
nor a network connection to RDS."""

from typing import Any

from infra.deploy.account import Account, AwsError

DATABASE = "wecelebrate"
"""The name of the database if the cluster does not report the name of its first database."""


def execute_as_master(account: Account, sql: str) -> None:
    """Execute one statement. The text contains all values, because a `do` statement can have no parameters.

    Raises AwsError if it is not clear which cluster the platform uses.
    """
    account.client("rds-data").execute_statement(**_target(account), sql=sql)


def query_as_master(account: Account, sql: str, role: str) -> list[tuple[str, ...]]:
    """Return the rows of a query whose columns are texts. The query runs with the rights of `role`.

    Raises AwsError if it is not clear which cluster the platform uses.
    """
    target, client = _target(account), account.client("rds-data")
    transaction = client.begin_transaction(**target)["transactionId"]
    try:
        client.execute_statement(**target, sql=f"set local role {role}", transactionId=transaction)
        records = client.execute_statement(**target, sql=sql, transactionId=transaction)["records"]
    finally:
        connection = {name: target[name] for name in ("resourceArn", "secretArn")}
        client.rollback_transaction(**connection, transactionId=transaction)
    return [tuple(str(value["stringValue"]) for value in record) for record in records]


def _target(account: Account) -> dict[str, str]:
    """Return the parameters of the Data API that name the live cluster, its master user and its database."""
    name = live_cluster(account)
    clusters: list[dict[str, Any]] = account.client("rds").describe_db_clusters(DBClusterIdentifier=name)["DBClusters"]
    cluster = clusters[0]
    if "MasterUserSecret" not in cluster:
        raise AwsError(
            f"{name} has no secret of its master user: `aws rds modify-db-cluster` creates it (docs/runbook.md)"
        )
    return {
        "resourceArn": cluster["DBClusterArn"],
        "secretArn": cluster["MasterUserSecret"]["SecretArn"],
        "database": cluster.get("DatabaseName", DATABASE),
    }


def live_cluster(account: Account) -> str:
    """Return the name of the cluster to which the proxy connects. After a restore, this name differs from the declared
    name. If the setting `proxy` says that functions connect directly, return the declared name.

    Raises AwsError if the proxy has no target or several targets, e.g. in the middle of a restore.
    """
    if account.environment.settings.proxy != "on":
        return account.environment.resource("database")
    proxy = account.environment.resource("proxy")
    pages = account.client("rds").get_paginator("describe_db_proxy_targets").paginate(DBProxyName=proxy)
    targets = [target for page in pages for target in page["Targets"]]
    # The cluster is a target. Each instance of the cluster is a target, too, and names the cluster.
    clusters = {
        target["RdsResourceId"] if target["Type"] == "TRACKED_CLUSTER" else target.get("TrackedClusterId")
        for target in targets
    } - {None, ""}
    if len(clusters) != 1:
        names = ", ".join(sorted(clusters)) or "no cluster"
        raise AwsError(f"{proxy} has the target {names}, so nothing was changed: register one cluster as its target")
    return str(clusters.pop())
