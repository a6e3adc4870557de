"""The version of Aurora PostgreSQL that a deploy gives to the database.

Aurora cannot return a cluster to an earlier version. The version in a release can be earlier than the version of the
cluster, because the deployed release was newer or because AWS has upgraded the cluster. In this case, the deploy uses
the version of the cluster.
"""

from infra.deploy.account import Account
from infra.local.diagnosis import Finding

ENGINE_VERSION = "17.9"
"""The version that this release declares."""
ENGINE_CONTEXT = "DatabaseEngine"
"""The name of the CDK context value with the version for the stack `data`. Without the value, the version is
ENGINE_VERSION."""


def version_to_deploy(account: Account) -> str:
    """Return the version of this release or the version of the cluster, whichever is newer."""
    return max(deployed_version(account) or ENGINE_VERSION, ENGINE_VERSION, key=_numbers)


def deployed_version(account: Account) -> str | None:
    """Return the version of the cluster of the environment, or None if the cluster does not exist."""
    client = account.client("rds")
    try:
        answer = client.describe_db_clusters(DBClusterIdentifier=account.environment.resource("database"))
    except client.exceptions.DBClusterNotFoundFault:
        return None
    return str(answer["DBClusters"][0]["EngineVersion"])


def check_engine(account: Account) -> list[Finding]:
    """Compare the version of the release with the version of the cluster. A deploy never goes back."""
    deployed = deployed_version(account)
    if deployed is None:
        return [Finding("engine", "ok", f"the deploy creates PostgreSQL {ENGINE_VERSION}")]
    if _numbers(deployed) > _numbers(ENGINE_VERSION):
        message = (
            f"PostgreSQL {deployed} runs, and this release has {ENGINE_VERSION}: the deploy keeps {deployed}, because"
            " Aurora cannot go back"
        )
        return [Finding("engine", "warning", message)]
    if _numbers(deployed) < _numbers(ENGINE_VERSION):
        message = f"the deploy upgrades PostgreSQL from {deployed} to {ENGINE_VERSION}, and restarts all instances"
        return [Finding("engine", "warning", message)]
    return [Finding("engine", "ok", f"PostgreSQL {deployed}")]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))
