"""Deletes the resources that remain when the stacks of an environment are deleted.

CloudFormation cannot delete a bucket that contains objects, and it does not know the log groups that AWS services
create themselves.
"""

from collections.abc import Collection, Iterator
from typing import Any

from infra.deploy.account import Account, AwsError
from infra.deploy.stacks import environments_of, foreign_account, stack_ids

_SERVICE_LOGS = ("/aws/rds/proxy/", "/aws/rds/cluster/", "/aws/lambda/", "/aws/vendedlogs/")
"""The prefixes of the names of log groups that AWS services create for an environment."""


def require_own_account(account: Account) -> frozenset[str]:
    """Return the other environments that have stacks in the account.

    Raises AwsError if the account has no stack, no other resource and no log group of this environment. The environment
    is then not deployed, or the credentials belong to another account. Also raises AwsError if the credentials may not
    list the stacks.

    Resources and log groups count, because a removal can have failed after it deleted the stacks.
    """
    deployed, name = environments_of(account), account.environment.name
    if name not in deployed and not remaining(account) and not any(_service_logs(account)):
        message = foreign_account(account, deployed) or f"nothing of {name} is in the account {account.id}"
        why = "" if deployed else f" if {name} is deployed"
        raise AwsError(f"{message}, so nothing was deleted: set AWS_PROFILE to the profile of {name}{why}")
    return deployed - {name}


def empty_buckets(account: Account, buckets: Collection[str] | None = None) -> Iterator[tuple[str, int]]:
    """Delete all versions of all objects in the buckets of the environment. Yield each bucket and its number of
    versions.

    buckets: the names of the buckets. By default, these are the buckets of the stack. Give the names if the stack may
    already be deleted.

    Raises AwsError if S3 keeps a version. In a bucket with an object lock in governance mode, versions are deleted
    before their retention ends, which needs the permission `s3:BypassGovernanceRetention`.
    """
    client = account.client("s3")
    for bucket in sorted(_buckets(account) if buckets is None else buckets):
        count = 0
        bypass = {"BypassGovernanceRetention": True} if _has_governance_lock(client, bucket) else {}
        for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
            keys = [
                {"Key": version["Key"], "VersionId": version["VersionId"]}
                for kind in ("Versions", "DeleteMarkers")
                for version in page.get(kind, [])
            ]
            if keys:
                answer = client.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True}, **bypass)
                if errors := answer.get("Errors"):
                    first = errors[0]
                    raise AwsError(
                        f"S3 kept {len(errors)} versions in {bucket}, e.g. {first.get('Key')}: {first.get('Code')} "
                        f"{first.get('Message', '')}".rstrip()
                    )
            count += len(keys)
        yield bucket, count


def delete_logs(account: Account) -> Iterator[str]:
    """Delete the log groups that services have created. Yield their names."""
    for name in _service_logs(account):
        account.client("logs").delete_log_group(logGroupName=name)
        yield name


def _service_logs(account: Account) -> Iterator[str]:
    """Yield the names of the log groups that services have created. These log groups have no tags."""
    prefix = account.environment.resource("")
    pages = account.client("logs").get_paginator("describe_log_groups")
    for beginning in _SERVICE_LOGS:
        for page in pages.paginate(logGroupNamePrefix=beginning + prefix):
            for group in page["logGroups"]:
                yield group["logGroupName"]


def remaining(account: Account) -> list[str]:
    """Return the ARNs of the stacks of the environment that still exist, and of the resources with its tags that still
    exist.
    """
    client = account.client("resourcegroupstaggingapi")
    filters = [
        {"Key": "platform", "Values": ["wecelebrate"]},
        {"Key": "environment", "Values": [account.environment.name]},
    ]
    pages = client.get_paginator("get_resources").paginate(TagFilters=filters)
    tagged = {mapping["ResourceARN"] for page in pages for mapping in page["ResourceTagMappingList"]}
    return sorted(tagged.union(stack_ids(account)))


def _has_governance_lock(client: Any, bucket: str) -> bool:
    """Return whether new versions in a bucket are locked in governance mode. A bucket without such a lock refuses a
    request to bypass it."""
    from botocore.exceptions import ClientError

    try:
        lock = client.get_object_lock_configuration(Bucket=bucket)["ObjectLockConfiguration"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ObjectLockConfigurationNotFoundError":
            return False
        raise
    return str(lock.get("Rule", {}).get("DefaultRetention", {}).get("Mode")) == "GOVERNANCE"


def _buckets(account: Account) -> set[str]:
    """Return the buckets of the storage stack. Other stacks have no buckets."""
    from botocore.exceptions import ClientError

    pages = account.client("cloudformation").get_paginator("list_stack_resources")
    try:
        resources = [
            resource
            for page in pages.paginate(StackName=account.environment.resource("storage"))
            for resource in page["StackResourceSummaries"]
        ]
    except ClientError as error:
        if "does not exist" in str(error):
            return set()
        raise
    return {
        str(each["PhysicalResourceId"])
        for each in resources
        if each["ResourceType"] == "AWS::S3::Bucket" and each["ResourceStatus"] != "DELETE_COMPLETE"
    }
