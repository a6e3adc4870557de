"""Tests that the queues and buckets on AWS match the declarations."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from infra.aws.layers import Layer
from infra.functions import FunctionSpec, bucket_names, dead_letter_queue
from tests.infra.aws.templates import Resource, Templates, synthesise
from wecelebrate.jobs.types import QUEUES


def queues(cloud: Templates) -> dict[str, Resource]:
    """Return the properties of each queue. The keys are the queue names without the prefix of the environment."""
    resources = cloud.of_type("storage", "AWS::SQS::Queue").values()
    return {queue["QueueName"].removeprefix("wecelebrate-dev-"): queue for queue in resources}


def data_buckets(cloud: Templates) -> list[Resource]:
    """Return the buckets that functions declare. No other bucket has an explicit name."""
    return [bucket for bucket in cloud.of_type("storage", "AWS::S3::Bucket").values() if "BucketName" in bucket]


BUCKET = "AWS::S3::Bucket"


def test_every_declared_queue_exists_with_its_dead_letter_queue(
    dev: Templates, specs: tuple[FunctionSpec, ...]
) -> None:
    names = [spec.queue_name for spec in specs if spec.has_queue]
    assert set(queues(dev)) == {*names, *map(dead_letter_queue, names)}


def test_a_queue_has_the_declared_visibility_timeout_and_maximum_receive_count(
    dev: Templates, specs: tuple[FunctionSpec, ...]
) -> None:
    for spec in specs:
        if spec.queue and spec.has_queue:
            queue = queues(dev)[spec.queue_name]
            assert queue["VisibilityTimeout"] == (spec.queue.visibility or 6 * spec.timeout)
            assert queue["RedrivePolicy"]["maxReceiveCount"] == spec.queue.max_receives
            assert queue["MessageRetentionPeriod"] == spec.queue.retention_days * 86_400
            _, dlq_id = dev.follow("storage", queue["RedrivePolicy"]["deadLetterTargetArn"])
            dlq = dev.templates["storage"]["Resources"][dlq_id]["Properties"]
            assert dlq["QueueName"].endswith(dead_letter_queue(spec.queue_name))
            assert dlq["MessageRetentionPeriod"] == 14 * 86_400


def test_a_queue_keeps_messages_without_a_row_for_twelve_days(specs: tuple[FunctionSpec, ...]) -> None:
    # No table contains the content of these messages. Jobs and webhook deliveries are different: each of them is a row.
    days = {spec.queue_name: spec.queue.retention_days for spec in specs if spec.queue and spec.has_queue}
    assert {name for name, each in days.items() if each == 12} == days.keys() - {*QUEUES.values(), "webhooks"}


def test_queues_are_encrypted_and_require_tls(dev: Templates) -> None:
    assert all(queue["SqsManagedSseEnabled"] for queue in queues(dev).values())
    tls_only = {
        reference["Ref"]
        for policy in dev.of_type("storage", "AWS::SQS::QueuePolicy").values()
        for reference in policy["Queues"]
        if any(
            statement["Effect"] == "Deny" and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
            for statement in policy["PolicyDocument"]["Statement"]
        )
    }
    assert tls_only == set(dev.of_type("storage", "AWS::SQS::Queue"))


def test_every_declared_bucket_is_private_and_versioned_and_encrypted(
    dev: Templates, specs: tuple[FunctionSpec, ...]
) -> None:
    buckets = data_buckets(dev)
    assert [bucket["BucketName"]["Fn::Join"][1][0] for bucket in buckets] == [
        f"wecelebrate-dev-{name}-" for name in bucket_names(specs)
    ]
    for bucket in buckets:
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        assert all(bucket["PublicAccessBlockConfiguration"].values())
        assert bucket["BucketEncryption"]
        assert bucket["LoggingConfiguration"]
        rules = bucket["LifecycleConfiguration"]["Rules"]
        assert any("NoncurrentVersionExpiration" in rule for rule in rules)


def test_a_bucket_notifies_its_queue_without_a_custom_resource(dev: Templates) -> None:
    (bucket,) = [bucket for bucket in data_buckets(dev) if "NotificationConfiguration" in bucket]
    assert "wecelebrate-dev-drops-" in str(bucket["BucketName"])
    (notification,) = bucket["NotificationConfiguration"]["QueueConfigurations"]
    assert notification["Event"] == "s3:ObjectCreated:*"
    _, queue = dev.follow("storage", notification["Queue"])
    assert dev.templates["storage"]["Resources"][queue]["Properties"]["QueueName"] == "wecelebrate-dev-drops"
    assert dev.of_type("storage", "AWS::Lambda::Function") == {}


def test_s3_is_allowed_to_send_notifications_only_for_the_drops_bucket_of_this_account(dev: Templates) -> None:
    (statement,) = [
        statement
        for policy in dev.of_type("storage", "AWS::SQS::QueuePolicy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow" and statement["Principal"] == {"Service": "s3.amazonaws.com"}
    ]
    assert ":s3:::wecelebrate-dev-drops-" in str(statement["Condition"]["ArnEquals"]["aws:SourceArn"])
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}


def test_uploads_expire_but_images_never_expire(dev: Templates) -> None:
    def bucket(name: str) -> Resource:
        prefix = f"wecelebrate-dev-{name}-"
        (resource,) = (each for each in data_buckets(dev) if each["BucketName"]["Fn::Join"][1][0] == prefix)
        return resource

    def expiry_days(name: str) -> list[int]:
        rules = bucket(name)["LifecycleConfiguration"]["Rules"]
        return [rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule]

    assert (expiry_days("images"), expiry_days("image-uploads"), expiry_days("drops")) == ([], [7], [180])
    # The sweeper deletes exports after 7 days. The expiry of S3 deletes files that remain after a worker was killed.
    assert expiry_days("exports") == [8]
    rules = bucket("exports")["LifecycleConfiguration"]["Rules"]
    assert [rule["NoncurrentVersionExpiration"]["NoncurrentDays"] for rule in rules[:1]] == [1]
    assert expiry_days("erasures") == []
    lock = bucket("erasures")["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert lock == {"Days": 400, "Mode": "GOVERNANCE"}
    assert "ObjectLockConfiguration" not in bucket("exports")
    (rule,) = bucket("image-uploads")["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedMethods"] == ["PUT"]
    assert "CorsConfiguration" not in bucket("images")


def test_the_buckets_of_prod_are_retained(prod: Templates) -> None:
    for resource in prod.templates["storage"]["Resources"].values():
        if resource["Type"] == "AWS::S3::Bucket":
            assert resource["DeletionPolicy"] == "RetainExceptOnCreate"
            assert resource["UpdateReplacePolicy"] == "Retain"


def test_only_cloudfront_reads_the_bucket_of_images(dev: Templates) -> None:
    (policy,) = (
        policy
        for policy in dev.of_type("storage", "AWS::S3::BucketPolicy").values()
        if "images" in policy["Bucket"]["Ref"] and "uploads" not in policy["Bucket"]["Ref"]
    )
    (statement,) = (each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Allow")
    assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert statement["Action"] == "s3:GetObject"
    (distribution,) = dev.of_type("storage", "AWS::CloudFront::Distribution")
    assert {"Ref": distribution} in statement["Condition"]["StringEquals"]["AWS:SourceArn"]["Fn::Join"][1]
    access = dev.only("storage", "AWS::CloudFront::OriginAccessControl")["OriginAccessControlConfig"]
    assert access["Name"] == "wecelebrate-dev-images"
    assert access["SigningBehavior"] == "always"


def test_an_environment_has_no_bucket_for_a_console_by_default(dev: Templates) -> None:
    assert "Console" not in str(dev.templates["storage"]["Outputs"])
    assert not any("console" in id for id in dev.of_type("storage", BUCKET))


def test_only_cloudfront_reads_the_files_of_the_console(named: Templates) -> None:
    outputs = {name: output["Value"] for name, output in named.templates["storage"]["Outputs"].items()}
    assert outputs["ConsoleUrl"] == "https://console.example.com"
    id = outputs["ConsoleDistribution"]["Ref"]
    config = named.of_type("storage", "AWS::CloudFront::Distribution")[id]["DistributionConfig"]
    assert outputs["ConsoleTarget"] == {"Fn::GetAtt": [id, "DomainName"]}
    assert config["Aliases"] == ["console.example.com"]
    assert config["HttpVersion"] == "http2and3"
    assert config["DefaultRootObject"] == "index.html"
    assert config["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert config["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "redirect-to-https"
    assert config["DefaultCacheBehavior"]["Compress"] is True
    (error,) = config["CustomErrorResponses"]
    assert (error["ErrorCode"], error["ResponseCode"], error["ResponsePagePath"]) == (403, 200, "/index.html")
    bucket_id = outputs["ConsoleBucket"]["Ref"]
    bucket = named.of_type("storage", BUCKET)[bucket_id]
    # `wecelebrate destroy` finds the bucket by this prefix.
    assert bucket_id.startswith("bucketsconsole")
    # A bucket that remains after `console` was switched off must not prevent the creation of a new bucket.
    assert "BucketName" not in bucket
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    (policy,) = (
        each
        for each in named.of_type("storage", "AWS::S3::BucketPolicy").values()
        if each["Bucket"] == {"Ref": bucket_id}
    )
    (allowed,) = (each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Allow")
    assert (allowed["Principal"], allowed["Action"]) == ({"Service": "cloudfront.amazonaws.com"}, "s3:GetObject")
    assert {"Ref": id} in allowed["Condition"]["StringEquals"]["AWS:SourceArn"]["Fn::Join"][1]


def test_an_erp_system_can_use_only_the_folders_of_its_catalogs_and_destinations(named: Templates) -> None:
    ((id, role),) = named.of_type("storage", "AWS::IAM::Role").items()
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert role["RoleName"] == "wecelebrate-dev-erp-acme-sap"
    assert trust["Principal"] == {"AWS": "arn:aws:iam::210987654321:role/sap"}
    assert trust["Condition"] == {"StringEquals": {"sts:ExternalId": "acme-12345678"}}
    catalog, destination = "ca100000-0000-7000-8000-000000000001", "de500000-0000-7000-8000-000000000001"
    written = [f"/{catalog}/incoming/*", f"/orders/{destination}/incoming/*"]
    read = [f"/{catalog}/results/*", f"/orders/{destination}/out/*", f"/orders/{destination}/results/*"]
    (policy,) = named.of_type("storage", "AWS::IAM::Policy").values()
    assert policy["Roles"] == [{"Ref": id}]
    put, get, list_keys = policy["PolicyDocument"]["Statement"]
    assert put["Action"] == ["s3:AbortMultipartUpload", "s3:PutObject"]
    assert [each["Fn::Join"][1][-1] for each in put["Resource"]] == written
    assert (get["Action"], [each["Fn::Join"][1][-1] for each in get["Resource"]]) == ("s3:GetObject", read)
    assert list_keys["Condition"] == {"StringLike": {"s3:prefix": [key[1:] for key in (*written, *read)]}}
    (denial,) = (
        statement
        for policy in named.of_type("storage", "AWS::S3::BucketPolicy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        if "NotResource" in statement
    )
    assert (denial["Effect"], denial["Action"]) == ("Deny", "s3:*")
    assert denial["Principal"] == {"AWS": {"Fn::GetAtt": [id, "Arn"]}}
    assert [each["Fn::Join"][1][-1] for each in denial["NotResource"][1:]] == [*written, *read]
    assert named.templates["storage"]["Outputs"]["ErpRoleAcmeSap"]["Value"] == {"Fn::GetAtt": [id, "Arn"]}


def test_erp_systems_have_no_access_without_grants(dev: Templates) -> None:
    assert dev.of_type("storage", "AWS::IAM::Role") == {}


def test_a_bucket_declared_by_two_queues_is_rejected(
    tmp_path: Path, specs: tuple[FunctionSpec, ...], stub_layers: Mapping[str, Layer]
) -> None:
    folder = tmp_path / "functions" / "queues" / "also_drops"
    folder.mkdir(parents=True)
    (folder / "handler.py").touch()
    (folder / "function.toml").write_text('[queue]\nbucket = "drops"\n')
    with pytest.raises(ValueError, match="several queues declare the bucket drops: "):
        synthesise(tmp_path, (*specs, FunctionSpec.read(folder)), stub_layers)
