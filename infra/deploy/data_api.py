"""Runs SQL as the master user of the database, through the Data API. The Data API works without the API of the platform
and without a network connection to RDS."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from infra.deploy.account import Account, AwsError

DATABASE = "wecelebrate"
"""The name of the database if the cluster does not report the name of its first database."""

ROLE = "app_migrate"
"""The role that sees the rows of all clients. The master user may not read these rows itself, but may use the role."""


def execute_as_master(account: Account, sql: str) -> None:
    """Execute one statement. The text must contain all values, because a `do` statement cannot have parameters.

    Raises AwsError if it is not clear which cluster the platform uses.
    """
    account.client("rds-data").execute_statement(**_target(account), sql=sql)


def query_as_master(account: Account, sql: str, role: str) -> list[tuple[str, ...]]:
    """Return the rows of a query whose columns are texts. The query runs with the rights of `role`.

    Raises AwsError if it is not clear which cluster the platform uses.
    """
    with _transaction(account, role) as transaction:
        records = transaction(sql)["records"]
    return [tuple(str(value["stringValue"]) for value in record) for record in records]


def read_rows(account: Account, sql: str, role: str | None, cluster: str | None = None) -> list[dict[str, Any]]:
    """Return the rows of a query. Each row maps the names of the columns to values, as JSON. The transaction cannot
    change anything.

    cluster: the name of another cluster than the live cluster, e.g. of a restored cluster.
    """
    with _transaction(account, role, cluster, read_only=True) as transaction:
        query = f"select row_to_json(r)::text from ({_single(sql)}\n) r"  # noqa: S608 - it is the operator's statement
        records = transaction(query)["records"]
    return [json.loads(record[0]["stringValue"]) for record in records]


def change_rows(account: Account, sql: str, role: str | None, cluster: str | None = None) -> int:
    """Execute one statement, commit, and return the number of changed rows."""
    with _transaction(account, role, cluster, commit=True) as transaction:
        return int(transaction(_single(sql)).get("numberOfRecordsUpdated", 0))


def _single(sql: str) -> str:
    """Return the statement without its semicolon, because it becomes a part of another query."""
    return sql.strip().removesuffix(";").rstrip()


@contextmanager
def _transaction(
    account: Account,
    role: str | None,
    cluster: str | None = None,
    *,
    read_only: bool = False,
    commit: bool = False,
) -> Iterator[Any]:
    """Yield a function that executes a statement in one transaction, with the rights of `role`. Without `commit`, or
    after an error, the transaction is rolled back."""
    target, client = _target(account, cluster), account.client("rds-data")
    identifier = client.begin_transaction(**target)["transactionId"]
    connection = {name: target[name] for name in ("resourceArn", "secretArn")}

    def execute(sql: str) -> dict[str, Any]:
        answer: dict[str, Any] = client.execute_statement(**target, sql=sql, transactionId=identifier)
        return answer

    done = False
    try:
        if read_only:
            execute("set transaction read only")
        if role:
            execute(f"set local role {role}")
        yield execute
        done = commit
    finally:
        if done:
            client.commit_transaction(**connection, transactionId=identifier)
        else:
            client.rollback_transaction(**connection, transactionId=identifier)


def _target(account: Account, cluster: str | None = None) -> dict[str, str]:
    """Return the parameters of the Data API that name a cluster, its master user and its database.

    If no cluster is given, the parameters name the live cluster.
    """
    name = cluster or live_cluster(account)
    clusters: list[dict[str, Any]] = account.client("rds").describe_db_clusters(DBClusterIdentifier=name)["DBClusters"]
    description = clusters[0]
    if "MasterUserSecret" not in description:
        raise AwsError(
            f"{name} has no secret of its master user: `aws rds modify-db-cluster` creates it (docs/runbook.md)"
        )
    return {
        "resourceArn": description["DBClusterArn"],
        "secretArn": description["MasterUserSecret"]["SecretArn"],
        "database": description.get("DatabaseName", DATABASE),
    }


def live_cluster(account: Account) -> str:
    """Return the name of the cluster to which the proxy connects. After a restore, this name differs from the declared
    name. If functions connect directly according to the setting `proxy`, return the declared name.

    Raises AwsError if the proxy has no target or several targets, e.g. in the middle of a restore.
    """
    if account.environment.settings.proxy != "on":
        return account.environment.resource("database")
    proxy = account.environment.resource("proxy")
    pages = account.client("rds").get_paginator("describe_db_proxy_targets").paginate(DBProxyName=proxy)
    targets = [target for page in pages for target in page["Targets"]]
    # The targets are the cluster and also each instance of the cluster. All targets name the cluster.
    clusters = {
        target["RdsResourceId"] if target["Type"] == "TRACKED_CLUSTER" else target.get("TrackedClusterId")
        for target in targets
    } - {None, ""}
    if len(clusters) != 1:
        names = ", ".join(sorted(clusters)) or "no cluster"
        raise AwsError(f"{proxy} has the target {names}, so nothing was changed: register one cluster as its target")
    return str(clusters.pop())
