"""Deletes what a permanent environment keeps after the deletion of its stacks: database, buckets and user pools.

Each function finds its resources by their names, so a removal that was interrupted can be repeated.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from infra.deploy.account import Account


def unprotect_stacks(account: Account) -> Iterator[str]:
    """Disable the termination protection of the stacks. Yields their names."""
    client, prefix = account.client("cloudformation"), account.environment.resource("")
    for page in client.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            name = stack["StackName"]
            if name.startswith(prefix) and stack.get("EnableTerminationProtection"):
                client.update_termination_protection(StackName=name, EnableTerminationProtection=False)
                yield name


def delete_database(account: Account) -> str | None:
    """Delete the cluster with a final snapshot. Returns the name of the snapshot, or None without a cluster.

    The cluster must be deleted before its stacks, because it uses the subnets of the network.
    """
    client, cluster = account.client("rds"), account.environment.resource("database")
    try:
        description = client.describe_db_clusters(DBClusterIdentifier=cluster)["DBClusters"][0]
    except client.exceptions.DBClusterNotFoundFault:
        return None
    snapshot = f"{account.environment.resource('final')}-{datetime.now(UTC):%Y-%m-%d-%H-%M}"
    if description["Status"] != "deleting":
        client.modify_db_cluster(DBClusterIdentifier=cluster, DeletionProtection=False, ApplyImmediately=True)
        for member in description["DBClusterMembers"]:
            client.delete_db_instance(DBInstanceIdentifier=member["DBInstanceIdentifier"], SkipFinalSnapshot=True)
        client.delete_db_cluster(
            DBClusterIdentifier=cluster, SkipFinalSnapshot=False, FinalDBSnapshotIdentifier=snapshot
        )
    client.get_waiter("db_cluster_deleted").wait(DBClusterIdentifier=cluster)
    return snapshot


def kept_buckets(account: Account) -> list[str]:
    """Return the buckets of the environment, which also exist after the deletion of their stack."""
    prefix = account.environment.resource("")
    buckets: list[dict[str, Any]] = account.client("s3").list_buckets()["Buckets"]
    return sorted(bucket["Name"] for bucket in buckets if bucket["Name"].startswith(prefix))


def delete_buckets(account: Account) -> Iterator[str]:
    """Delete the empty buckets. Yields their names."""
    for bucket in kept_buckets(account):
        account.client("s3").delete_bucket(Bucket=bucket)
        yield bucket


def delete_user_pools(account: Account) -> Iterator[str]:
    """Delete the user pools with all accounts. Yields their names."""
    client, prefix = account.client("cognito-idp"), account.environment.resource("")
    for page in client.get_paginator("list_user_pools").paginate(MaxResults=60):
        for pool in page["UserPools"]:
            if pool["Name"].startswith(prefix):
                client.update_user_pool(UserPoolId=pool["Id"], DeletionProtection="INACTIVE")
                client.delete_user_pool(UserPoolId=pool["Id"])
                yield pool["Name"]
