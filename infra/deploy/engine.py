"""The version of Aurora PostgreSQL that a deploy gives to the database.

Aurora has no way back to an earlier version of a cluster. A release older than the deployed one, or a release from the
time before an upgrade by AWS, would state an earlier version. A deploy therefore states the version of the cluster if
this version is newer.
"""

from infra.deploy.account import Account
from infra.local.diagnosis import Finding

ENGINE_VERSION = "17.9"
"""The version of this release."""
ENGINE_CONTEXT = "DatabaseEngine"
"""The name of the CDK context value with the version for the stack `data`. Without it, the stack has ENGINE_VERSION."""


def version_to_deploy(account: Account) -> str:
    """Return the newer one of the version of this release and the version of the cluster."""
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
