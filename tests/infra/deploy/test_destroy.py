"""Tests which resources `wecelebrate destroy` deletes, and when it refuses. moto emulates S3, and botocore's Stubber
checks calls of other services."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber
from moto import mock_aws
from typer.testing import CliRunner, Result

from infra.command import app
from infra.deploy import stacks
from infra.deploy.account import Account, AwsError
from infra.deploy.destroy import delete_logs, empty_buckets, remaining, require_own_account
from infra.deploy.permanent import (
    delete_buckets,
    delete_database,
    delete_user_pools,
    kept_buckets,
    unprotect_stacks,
)
from infra.environments import get_environment
from tests.command import CommandHere
from tests.infra.deploy.recorded_aws import RecordedAccount, Refused, recorded

ID = "123456789012"
"""The number of moto's AWS account."""
KEYS = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}


def account() -> Account:
    return Account(get_environment("dev", {"settings_folder": "/nonexistent"}.get))


def storage(s3: Any, bucket: str) -> Account:
    """An account whose storage stack contains the bucket `bucket`, a deleted bucket, and a queue."""
    stacks = boto3.client("cloudformation", **KEYS)  # type: ignore[call-overload]
    stub = Stubber(stacks)
    common = {"LogicalResourceId": "x", "LastUpdatedTimestamp": "2026-11-27T00:00:00Z"}
    resources = [
        common | {"PhysicalResourceId": bucket, "ResourceType": "AWS::S3::Bucket", "ResourceStatus": "CREATE_COMPLETE"},
        common | {"PhysicalResourceId": "gone", "ResourceType": "AWS::S3::Bucket", "ResourceStatus": "DELETE_COMPLETE"},
        common
        | {"PhysicalResourceId": "queue", "ResourceType": "AWS::SQS::Queue", "ResourceStatus": "CREATE_COMPLETE"},
    ]
    stub.add_response("list_stack_resources", {"StackResourceSummaries": resources})
    stub.activate()
    dev = account()
    dev._clients = {"s3": s3, "cloudformation": stacks}
    return dev


def test_all_versions_and_delete_markers_in_the_buckets_of_the_stack_are_deleted() -> None:
    with mock_aws():
        s3 = boto3.client("s3", **KEYS)  # type: ignore[call-overload]
        for bucket in ("wecelebrate-dev-drops-1", "wecelebrate-prod-drops-1"):
            s3.create_bucket(Bucket=bucket)
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
            for body in (b"1", b"2"):
                s3.put_object(Bucket=bucket, Key="file", Body=body)
            s3.delete_object(Bucket=bucket, Key="file")
        assert list(empty_buckets(storage(s3, "wecelebrate-dev-drops-1"))) == [("wecelebrate-dev-drops-1", 3)]
        assert "Versions" not in s3.list_object_versions(Bucket="wecelebrate-dev-drops-1")
        assert len(s3.list_object_versions(Bucket="wecelebrate-prod-drops-1")["Versions"]) == 2


def test_locked_object_versions_are_deleted_before_their_retention_ends() -> None:
    with mock_aws():
        s3 = boto3.client("s3", **KEYS)  # type: ignore[call-overload]
        bucket = "wecelebrate-dev-erasures-1"
        s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
        retention = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 400}}
        configuration = {"ObjectLockEnabled": "Enabled", "Rule": retention}
        s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration=configuration)
        version = s3.put_object(Bucket=bucket, Key="erasure", Body=b"1")["VersionId"]
        refused = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "erasure", "VersionId": version}]})
        assert [error["Code"] for error in refused["Errors"]] == ["AccessDenied"]
        assert list(empty_buckets(storage(s3, bucket))) == [(bucket, 1)]
        assert "Versions" not in s3.list_object_versions(Bucket=bucket)


def test_an_object_version_that_s3_does_not_delete_causes_an_error() -> None:
    with mock_aws():
        s3 = boto3.client("s3", **KEYS)  # type: ignore[call-overload]
        bucket = "wecelebrate-dev-erasures-1"
        s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
        s3.put_object(Bucket=bucket, Key="erasure", Body=b"1", ObjectLockMode="COMPLIANCE",
                      ObjectLockRetainUntilDate=datetime(2099, 1, 1, tzinfo=UTC))  # fmt: skip
        with pytest.raises(AwsError, match=f"S3 kept 1 versions in {bucket}, e.g. erasure: AccessDenied"):
            list(empty_buckets(storage(s3, bucket)))


def test_only_log_groups_of_the_environment_are_deleted() -> None:
    logs = boto3.client("logs", **KEYS)  # type: ignore[call-overload]
    dev = account()
    dev._clients = {"logs": logs}
    stub = Stubber(logs)
    for beginning in ("/aws/rds/proxy/", "/aws/rds/cluster/", "/aws/lambda/", "/aws/vendedlogs/"):
        prefix = f"{beginning}wecelebrate-dev-"
        groups = [{"logGroupName": f"{prefix}proxy"}] if "proxy" in beginning else []
        stub.add_response("describe_log_groups", {"logGroups": groups}, {"logGroupNamePrefix": prefix})
        for group in groups:
            stub.add_response("delete_log_group", {}, group)
    stub.activate()
    assert list(delete_logs(dev)) == ["/aws/rds/proxy/wecelebrate-dev-proxy"]
    stub.assert_no_pending_responses()


def test_remaining_resources_are_found_by_their_tags_and_stacks_by_their_names() -> None:
    tagging = boto3.client("resourcegroupstaggingapi", **KEYS)  # type: ignore[call-overload]
    dev = account()
    dev._clients = {"resourcegroupstaggingapi": tagging}
    stub = Stubber(tagging)
    filters = [{"Key": "platform", "Values": ["wecelebrate"]}, {"Key": "environment", "Values": ["dev"]}]
    answer = {"ResourceTagMappingList": [{"ResourceARN": "arn:aws:ec2:b"}, {"ResourceARN": "arn:aws:ec2:a"}]}
    stub.add_response("get_resources", answer, {"TagFilters": filters})
    stub.activate()
    stacks = boto3.client("cloudformation", **KEYS)  # type: ignore[call-overload]
    dev._clients["cloudformation"] = stacks
    stub = Stubber(stacks)
    common = {"StackStatus": "CREATE_COMPLETE", "CreationTime": "2026-11-27T00:00:00Z"}
    names = ("wecelebrate-dev-identity", "wecelebrate-prod-identity", "CDKToolkit")
    described = [common | {"StackName": name, "StackId": f"arn:aws:stack:{name}"} for name in names]
    stub.add_response("describe_stacks", {"Stacks": described}, {})
    stub.activate()
    assert remaining(dev) == ["arn:aws:ec2:a", "arn:aws:ec2:b", "arn:aws:stack:wecelebrate-dev-identity"]


@pytest.mark.parametrize("name", ["staging", "prod"])
@pytest.mark.parametrize("options", [(), ("--delete-data-of", "dev")])
def test_destroying_a_permanent_environment_requires_its_name_twice(
    name: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    result = CommandHere(tmp_path, {})("destroy", "--env", name, "--yes", *options)
    assert result.returncode == 2
    assert f"{name} is permanent: --delete-data-of {name}" in result.stderr


class OccupiedAccount(RecordedAccount):
    """An account with stacks. Only the resources in `tagged` have the tags of `dev`. The account has no recorded
    responses for deletions, so a deletion fails."""

    tagged: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()
    denied = False

    def _describe_stacks(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if self.denied:
            raise Refused("AccessDenied")
        return super()._describe_stacks(request)

    def _get_resources(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"ResourceTagMappingList": [{"ResourceARN": arn} for arn in self.tagged]}

    def _describe_log_groups(self, request: Mapping[str, Any]) -> dict[str, Any]:
        names = (name for name in self.logs if name.startswith(request["logGroupNamePrefix"]))
        return {"logGroups": [{"logGroupName": name} for name in names]}


READS = {"GetCallerIdentity", "DescribeStacks", "GetResources", "DescribeLogGroups"}
"""The calls that only read from the account."""


def destroy_dev(account: RecordedAccount, monkeypatch: pytest.MonkeyPatch) -> Result:
    """Run the command with a recorded account. Fail if it runs CDK."""
    monkeypatch.setattr(stacks, "run_cdk", lambda command: pytest.fail(f"{command} was run"))
    with recorded(account, monkeypatch):
        return CliRunner().invoke(app, ["destroy", "--env", "dev", "--yes"], prog_name="wecelebrate")


@pytest.mark.parametrize("stack", ["network", "data", "functions", "monitoring"])
def test_nothing_is_deleted_in_the_account_of_another_environment(stack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    account = OccupiedAccount({}, others=("CDKToolkit", f"wecelebrate-prod-{stack}"))
    result = destroy_dev(account, monkeypatch)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "✗ the account 123456789012 has the stacks of prod, and no stack of dev, so nothing was deleted: set"
        " AWS_PROFILE to the profile of dev\n"
    )
    assert set(account.calls) == READS


def test_no_deletion_is_reported_if_the_environment_does_not_exist(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = OccupiedAccount({}, others=("CDKToolkit",))
    account.logs = ("/aws/lambda/wecelebrate-prod-api", "/aws/lambda/other")
    result = destroy_dev(account, monkeypatch)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "✗ nothing of dev is in the account 123456789012, so nothing was deleted: set AWS_PROFILE to the profile of dev"
        " if dev is deployed\n"
    )
    assert set(account.calls) == READS


def test_nothing_is_deleted_if_the_credentials_cannot_list_the_stacks(monkeypatch: pytest.MonkeyPatch) -> None:
    account = OccupiedAccount({})
    account.denied = True
    result = destroy_dev(account, monkeypatch)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "✗ the credentials may not list the stacks of the account 123456789012" in result.stderr
    assert set(account.calls) == {"GetCallerIdentity", "DescribeStacks"}


def test_destroying_an_environment_in_a_shared_account_can_be_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bucket, logs = "arn:aws:s3:::wecelebrate-dev-drops-1", "/aws/rds/proxy/wecelebrate-dev-proxy"
    for own, tagged, groups in ((("wecelebrate-dev-data",), (), ()), ((), (bucket,), ()), ((), (), (logs,))):
        account = OccupiedAccount({}, others=(*own, "wecelebrate-prod-data"))
        account.tagged, account.logs = tagged, groups
        with recorded(account, monkeypatch):
            assert require_own_account(Account(get_environment("dev"))) == {"prod"}


def cluster(rds: Any, name: str) -> None:
    identifier = f"{name}-database"
    engine = {"Engine": "aurora-postgresql", "DBClusterIdentifier": identifier}
    credentials = {"MasterUsername": "master", "MasterUserPassword": "password-1"}
    rds.create_db_cluster(**engine, **credentials, DeletionProtection=True)
    for number in (1, 2):
        rds.create_db_instance(**engine, DBInstanceIdentifier=f"{name}-{number}", DBInstanceClass="db.r6g.large")


def test_only_the_data_of_the_given_permanent_environment_is_deleted() -> None:
    with mock_aws():
        names = ("wecelebrate-staging", "wecelebrate-prod")
        foreign = (
            "wecelebrate-staging-dumps", "wecelebrate-staging-drops-210987654321", "wecelebrate-staging-drops",
            f"wecelebrate-staging-drops-copy-{ID}", "wecelebrate-staging-storage-reports-0123456789ab",
        )  # fmt: skip
        rds, s3, cognito = (boto3.client(service, **KEYS) for service in ("rds", "s3", "cognito-idp"))  # type: ignore[call-overload]
        for name in names:
            cluster(rds, name)
            for bucket in (
                f"{name}-drops-{ID}",
                f"{name}-stor-bucketsaccesslogs0a1b2c3d-0123456789ab",
                f"{name}-storage-bucketsconsolebucket-0123456789ab",
            ):
                s3.create_bucket(Bucket=bucket)
                s3.put_object(Bucket=bucket, Key="file", Body=b"1")
            cognito.create_user_pool(PoolName=f"{name}-staff", DeletionProtection="ACTIVE")
        for bucket in foreign:
            s3.create_bucket(Bucket=bucket)
        cognito.create_user_pool(PoolName="wecelebrate-staging-partners")
        staging = Account(get_environment("staging", {"settings_folder": "/nonexistent"}.get))
        staging._clients = {"rds": rds, "s3": s3, "cognito-idp": cognito, "sts": boto3.client("sts", **KEYS)}  # type: ignore[call-overload]
        own = [
            f"{names[0]}-drops-{ID}",
            f"{names[0]}-stor-bucketsaccesslogs0a1b2c3d-0123456789ab",
            f"{names[0]}-storage-bucketsconsolebucket-0123456789ab",
        ]
        for _ in range(2):  # the deletion can be repeated
            snapshot = delete_database(staging)
            assert list(empty_buckets(staging, kept_buckets(staging))) in ([(bucket, 1) for bucket in own], [])
            assert list(delete_buckets(staging)) in (own, [])
            assert list(delete_user_pools(staging)) in (["wecelebrate-staging-staff"], [])
        assert snapshot is None
        assert [each["DBClusterIdentifier"] for each in rds.describe_db_clusters()["DBClusters"]] == [
            f"{names[1]}-database"
        ]
        assert len(rds.describe_db_instances()["DBInstances"]) == 2
        snapshots = rds.describe_db_cluster_snapshots(SnapshotType="manual")["DBClusterSnapshots"]
        final = [each["DBClusterSnapshotIdentifier"] for each in snapshots]
        assert [name.rpartition("final-")[0] for name in final] == ["wecelebrate-staging-"]
        left = [each["Name"] for each in s3.list_buckets()["Buckets"]]
        assert sorted(left) == sorted([*foreign, *(bucket.replace("staging", "prod") for bucket in own)])
        pools = [each["Name"] for each in cognito.list_user_pools(MaxResults=9)["UserPools"]]
        assert sorted(pools) == [f"{names[1]}-staff", "wecelebrate-staging-partners"]


def rds_stub(status: str, *members: str) -> tuple[Account, Stubber]:
    """An account with a database cluster whose state is `status`. `members` contains the states of its instances."""
    rds = boto3.client("rds", **KEYS)  # type: ignore[call-overload]
    stub = Stubber(rds)
    name = {"DBClusterIdentifier": "wecelebrate-staging-database"}
    stub.add_response("describe_db_clusters", {"DBClusters": [name | {"Status": status}]}, name)
    if members:
        stub.add_response("modify_db_cluster", {})
        instances = [{"DBInstanceIdentifier": f"i{at}", "DBInstanceStatus": each} for at, each in enumerate(members)]
        stub.add_response("describe_db_instances", {"DBInstances": instances})
        for instance in instances:
            if instance["DBInstanceStatus"] != "deleting":
                expected = {"DBInstanceIdentifier": instance["DBInstanceIdentifier"], "SkipFinalSnapshot": True}
                stub.add_response("delete_db_instance", {}, expected)
        stub.add_response(
            "delete_db_cluster", {}, name | {"SkipFinalSnapshot": False, "FinalDBSnapshotIdentifier": ANY}
        )
    stub.add_response("describe_db_clusters", {"DBClusters": []}, name)  # the waiter sends this call
    stub.activate()
    staging = Account(get_environment("staging", {"settings_folder": "/nonexistent"}.get))
    staging._clients = {"rds": rds}
    return staging, stub


def test_a_repeated_deletion_of_a_database_skips_instances_in_deletion() -> None:
    staging, stub = rds_stub("available", "deleting", "available")
    assert str(delete_database(staging)).startswith("wecelebrate-staging-final-")
    stub.assert_no_pending_responses()
    staging, stub = rds_stub("deleting")
    assert delete_database(staging) is None
    stub.assert_no_pending_responses()


def test_termination_protection_is_removed_only_from_the_protected_stacks_of_the_environment() -> None:
    stacks = boto3.client("cloudformation", **KEYS)  # type: ignore[call-overload]
    stub = Stubber(stacks)
    common = {"StackStatus": "CREATE_COMPLETE", "CreationTime": "2026-11-27T00:00:00Z"}
    described = [
        common | {"StackName": f"wecelebrate-{name}", "EnableTerminationProtection": protected}
        for name, protected in (("staging-data", True), ("staging-edge", False), ("prod-data", True))
    ]
    stub.add_response("describe_stacks", {"Stacks": described})
    expected = {"StackName": "wecelebrate-staging-data", "EnableTerminationProtection": False}
    stub.add_response("update_termination_protection", {}, expected)
    stub.activate()
    staging = Account(get_environment("staging", {"settings_folder": "/nonexistent"}.get))
    staging._clients = {"cloudformation": stacks}
    assert list(unprotect_stacks(staging)) == ["wecelebrate-staging-data"]
    stub.assert_no_pending_responses()
