"""Runs SQL as the master user of the database, through the Data API. It needs neither the API nor a network to RDS."""

from typing import Any

from infra.deploy.account import Account


def execute_as_master(account: Account, sql: str) -> None:
    """Execute one statement. The Data API takes no parameters in `do`, so the statement contains its values."""
    cluster: dict[str, Any] = account.client("rds").describe_db_clusters(
        DBClusterIdentifier=account.environment.resource("database")
    )["DBClusters"][0]
    account.client("rds-data").execute_statement(
        resourceArn=cluster["DBClusterArn"],
        secretArn=cluster["MasterUserSecret"]["SecretArn"],
        database=cluster["DatabaseName"],
        sql=sql,
    )
