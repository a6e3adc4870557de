"""Queues and buckets on AWS are what declarations name."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from infra.aws.layers import Layer
from infra.functions import FunctionSpec, bucket_names, dead_letter_queue
from tests.infra.aws.templates import Cloud, Resource, synthesise


def queues(cloud: Cloud) -> dict[str, Resource]:
    """Queue name, less the environment → properties."""
    found = cloud.of_type("storage", "AWS::SQS::Queue").values()
    return {queue["QueueName"].removeprefix("wecelebrate-dev-"): queue for queue in found}


def data_buckets(cloud: Cloud) -> list[Resource]:
    """The buckets that declarations name: those with a name of ours."""
    return [bucket for bucket in cloud.of_type("storage", "AWS::S3::Bucket").values() if "BucketName" in bucket]


def test_every_consumed_queue_is_there_with_its_dead_letters(dev: Cloud, specs: tuple[FunctionSpec, ...]) -> None:
    names = [spec.queue_name for spec in specs if spec.has_queue]
    assert set(queues(dev)) == {*names, *map(dead_letter_queue, names)}


def test_a_queue_hides_and_redrives_as_declared(dev: Cloud, specs: tuple[FunctionSpec, ...]) -> None:
    for spec in specs:
        if spec.queue and spec.has_queue:
            queue = queues(dev)[spec.queue_name]
            assert queue["VisibilityTimeout"] == (spec.queue.visibility or 6 * spec.timeout)
            assert queue["RedrivePolicy"]["maxReceiveCount"] == spec.queue.max_receives
            _, dead = dev.follow("storage", queue["RedrivePolicy"]["deadLetterTargetArn"])
            letters = dev.templates["storage"]["Resources"][dead]["Properties"]
            assert letters["QueueName"].endswith(dead_letter_queue(spec.queue_name))
            assert letters["MessageRetentionPeriod"] == 14 * 86_400


def test_queues_are_encrypted_and_refuse_plain_http(dev: Cloud) -> None:
    assert all(queue["SqsManagedSseEnabled"] for queue in queues(dev).values())
    refusing = {
        reference["Ref"]
        for policy in dev.of_type("storage", "AWS::SQS::QueuePolicy").values()
        for reference in policy["Queues"]
        if any(
            each["Effect"] == "Deny" and each["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
            for each in policy["PolicyDocument"]["Statement"]
        )
    }
    assert refusing == set(dev.of_type("storage", "AWS::SQS::Queue"))


def test_every_named_bucket_is_there_closed_versioned_and_encrypted(
    dev: Cloud, specs: tuple[FunctionSpec, ...]
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


def test_a_bucket_feeds_the_queue_that_names_it_and_no_custom_resource_is_needed(dev: Cloud) -> None:
    (bucket,) = [each for each in data_buckets(dev) if "NotificationConfiguration" in each]
    assert "wecelebrate-dev-drops-" in str(bucket["BucketName"])
    (fed,) = bucket["NotificationConfiguration"]["QueueConfigurations"]
    assert fed["Event"] == "s3:ObjectCreated:*"
    _, queue = dev.follow("storage", fed["Queue"])
    assert dev.templates["storage"]["Resources"][queue]["Properties"]["QueueName"] == "wecelebrate-dev-drops"
    assert dev.of_type("storage", "AWS::Lambda::Function") == {}


def test_s3_may_send_for_that_bucket_of_this_account_alone(dev: Cloud) -> None:
    sends = [
        each
        for policy in dev.of_type("storage", "AWS::SQS::QueuePolicy").values()
        for each in policy["PolicyDocument"]["Statement"]
        if each["Effect"] == "Allow" and each["Principal"] == {"Service": "s3.amazonaws.com"}
    ]
    (send,) = sends
    assert ":s3:::wecelebrate-dev-drops-" in str(send["Condition"]["ArnEquals"]["aws:SourceArn"])
    assert send["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}


def test_images_stay_and_uploads_go(dev: Cloud) -> None:
    def bucket(name: str) -> Resource:
        prefix = f"wecelebrate-dev-{name}-"
        (found,) = (each for each in data_buckets(dev) if each["BucketName"]["Fn::Join"][1][0] == prefix)
        return found

    def expires(name: str) -> list[int]:
        rules = bucket(name)["LifecycleConfiguration"]["Rules"]
        return [rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule]

    assert (expires("images"), expires("image-uploads"), expires("drops")) == ([], [7], [180])
    (rule,) = bucket("image-uploads")["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedMethods"] == ["PUT"]
    assert "CorsConfiguration" not in bucket("images")


def test_prod_keeps_its_buckets(prod: Cloud) -> None:
    for resource in prod.templates["storage"]["Resources"].values():
        if resource["Type"] == "AWS::S3::Bucket":
            assert resource["DeletionPolicy"] == "Retain"


def test_a_bucket_that_is_to_feed_two_queues_is_refused(
    tmp_path: Path, specs: tuple[FunctionSpec, ...], stub_layers: Mapping[str, Layer]
) -> None:
    folder = tmp_path / "functions" / "queues" / "also_drops"
    folder.mkdir(parents=True)
    (folder / "handler.py").touch()
    (folder / "function.toml").write_text('[queue]\nbucket = "drops"\n')
    with pytest.raises(ValueError, match="one queue of an object; drops is to feed"):
        synthesise(tmp_path, (*specs, FunctionSpec.read(folder)), stub_layers)
