"""Deletes the resources that a permanent environment keeps when its stacks are deleted: database, buckets and user
pools.

Each function finds its resources by their names, so an interrupted removal can be repeated. A function accepts only the
exact names that the stacks use, because other resources of the account can have names with the same prefix.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from infra.deploy.account import Account
from infra.deploy.stacks import all_stacks
from infra.functions import bucket_names, functions

CONSOLE = "console"
"""The name of the staff console in the names of its resources (`infra/aws/console.py`)."""
POOLS = ("staff", "customers")
"""The user pools of the stack `identity`."""


def unprotect_stacks(account: Account) -> Iterator[str]:
    """Disable the termination protection of the stacks. Yield their names."""
    client, prefix = account.client("cloudformation"), account.environment.resource("")
    for stack in all_stacks(account):
        name = stack["StackName"]
        if name.startswith(prefix) and stack.get("EnableTerminationProtection"):
            client.update_termination_protection(StackName=name, EnableTerminationProtection=False)
            yield name


def delete_database(account: Account) -> str | None:
    """Delete the cluster with a final snapshot, and return the name of the snapshot. If the cluster does not exist or
    is already being deleted, create no snapshot and return None.

    The cluster must be deleted before its stacks, because it uses the subnets of the network.
    """
    client, cluster = account.client("rds"), account.environment.resource("database")
    try:
        description = client.describe_db_clusters(DBClusterIdentifier=cluster)["DBClusters"][0]
    except client.exceptions.DBClusterNotFoundFault:
        return None
    snapshot = None
    if description["Status"] != "deleting":
        snapshot = f"{account.environment.resource('final')}-{datetime.now(UTC):%Y-%m-%d-%H-%M}"
        client.modify_db_cluster(DBClusterIdentifier=cluster, DeletionProtection=False, ApplyImmediately=True)
        # RDS refuses to delete an instance twice, and an interrupted call can have deleted some instances.
        members = client.get_paginator("describe_db_instances").paginate(
            Filters=[{"Name": "db-cluster-id", "Values": [cluster]}]
        )
        for member in (each for page in members for each in page["DBInstances"]):
            if member["DBInstanceStatus"] != "deleting":
                client.delete_db_instance(DBInstanceIdentifier=member["DBInstanceIdentifier"], SkipFinalSnapshot=True)
        client.delete_db_cluster(
            DBClusterIdentifier=cluster, SkipFinalSnapshot=False, FinalDBSnapshotIdentifier=snapshot
        )
    client.get_waiter("db_cluster_deleted").wait(DBClusterIdentifier=cluster)
    return snapshot


def kept_buckets(account: Account) -> list[str]:
    """Return the buckets of the environment. They still exist after their stack is deleted."""
    resource = account.environment.resource
    declared = {f"{resource(name)}-{account.id}" for name in bucket_names(functions())}
    # CloudFormation generates the names of the buckets for the access logs and for the staff console. A generated name
    # consists of the name of the stack, the logical id, which can be shortened, and a random part.
    generated = re.compile(
        rf"{re.escape(resource('stor'))}[a-z]{{0,3}}-buckets(access|{CONSOLE})[a-z0-9]*-[a-z0-9]{{12,13}}"
    )
    buckets: list[dict[str, Any]] = account.client("s3").list_buckets()["Buckets"]
    names = [str(bucket["Name"]) for bucket in buckets]
    return sorted(name for name in names if name in declared or generated.fullmatch(name))


def delete_buckets(account: Account) -> Iterator[str]:
    """Delete the empty buckets. Yield their names."""
    for bucket in kept_buckets(account):
        account.client("s3").delete_bucket(Bucket=bucket)
        yield bucket


def kept_user_pools(account: Account) -> dict[str, str]:
    """Return the ids and names of the user pools. They still exist after their stack is deleted."""
    names = {account.environment.resource(name) for name in POOLS}
    pages = account.client("cognito-idp").get_paginator("list_user_pools").paginate(MaxResults=60)
    return {pool["Id"]: pool["Name"] for page in pages for pool in page["UserPools"] if pool["Name"] in names}


def delete_user_pools(account: Account) -> Iterator[str]:
    """Delete the user pools with all accounts. Yield their names."""
    client = account.client("cognito-idp")
    for id, name in kept_user_pools(account).items():
        client.update_user_pool(UserPoolId=id, DeletionProtection="INACTIVE")
        client.delete_user_pool(UserPoolId=id)
        yield name
