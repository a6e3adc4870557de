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
    name = live_cluster(account)
    clusters: list[dict[str, Any]] = account.client("rds").describe_db_clusters(DBClusterIdentifier=name)["DBClusters"]
    cluster = clusters[0]
    if "MasterUserSecret" not in cluster:
        raise AwsError(
            f"{name} has no secret of its master user: `aws rds modify-db-cluster` creates it (docs/runbook.md)"
        )
    account.client("rds-data").execute_statement(
        resourceArn=cluster["DBClusterArn"],
        secretArn=cluster["MasterUserSecret"]["SecretArn"],
        database=cluster.get("DatabaseName", DATABASE),
        sql=sql,
    )


def live_cluster(account: Account) -> str:
    """Return the name of the cluster to which the proxy connects. After a restore, it is not the declared name. If the
    setting `proxy` says that functions connect directly, return the declared name.

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
