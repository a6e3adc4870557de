"""Runs SQL as the master user of the database, through the Data API. It needs neither the API nor a network to RDS."""

from typing import Any

from infra.deploy.account import Account, AwsError

DATABASE = "wecelebrate"
"""The database of a cluster that does not name its first one."""


def execute_as_master(account: Account, sql: str) -> None:
    """Execute one statement. The Data API takes no parameters in `do`, so the statement contains its values.

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
    """Return the cluster to which the proxy connects. After a restore, it has another name than the declared one.

    Raises AwsError if the proxy has no target, or several ones, as in the middle of a restore.
    """
    proxy = account.environment.resource("proxy")
    pages = account.client("rds").get_paginator("describe_db_proxy_targets").paginate(DBProxyName=proxy)
    targets = [target for page in pages for target in page["Targets"]]
    # The cluster is a target, and each of its instances is one that names the cluster.
    clusters = {
        target["RdsResourceId"] if target["Type"] == "TRACKED_CLUSTER" else target.get("TrackedClusterId")
        for target in targets
    } - {None, ""}
    if len(clusters) != 1:
        names = ", ".join(sorted(clusters)) or "no cluster"
        raise AwsError(f"{proxy} has the target {names}, so nothing was changed: register one cluster as its target")
    return str(clusters.pop())
