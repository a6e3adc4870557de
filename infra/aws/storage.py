"""The buckets that declarations name, and the queues that their notifications feed."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.aws.checks import acknowledge_wildcard
from infra.aws.queues import Queues, allow_notifications
from infra.aws.retention import removal_policy
from infra.environments import Environment
from infra.functions import FunctionSpec, bucket_names

_KEYS: Mapping[tuple[str, str], str] = {
    ("drops", "write"): "*/results/*",
    ("image-uploads", "read"): "*/uploads/*",
    ("image-uploads", "write"): "*/uploads/*",
}
"""Bucket and verb → the keys that it is about; where none are named, all of them."""

_KEPT_DAYS: Mapping[str, int | None] = {"images": None, "image-uploads": 7}
"""Bucket → days until a file of it expires; none while products show it. Of others a season of questions."""
_SEASON = 180

_SENT_TO_BY_BROWSERS = ("image-uploads", "uploads")
"""Buckets that presigned URLs of uploads lead to."""

_ACTIONS: Mapping[str, tuple[str, ...]] = {
    # A version, since a job reads the file that it was told of, not the one that came after.
    "read": ("s3:GetObject", "s3:GetObjectVersion"),
    "write": ("s3:PutObject", "s3:AbortMultipartUpload"),
}
"""Verb → what it needs of the files that it is about."""

_LISTING: Mapping[str, str] = {
    # Without it a file that is gone reads as one that is forbidden.
    "read": "s3:ListBucket",
    "list": "s3:ListBucketVersions",
}
"""Verb → what it needs of the bucket itself."""


class Buckets(Construct):
    """Every bucket, by the name that declarations give it."""

    def __init__(
        self, scope: Construct, environment: Environment, specs: tuple[FunctionSpec, ...], queues: Queues
    ) -> None:
        super().__init__(scope, "buckets")
        self._environment = environment
        self._logs = self._access_logs()
        self.by_name: Mapping[str, s3.Bucket] = {name: self._bucket(name) for name in bucket_names(specs)}
        for name, bucket in self.by_name.items():
            fed = [spec.queue_name for spec in specs if spec.queue and spec.queue.bucket == name]
            if len(fed) > 1:
                raise ValueError(f"S3 tells one queue of an object; {name} is to feed {', '.join(fed)}")
            for queue in fed:
                self._notify(name, bucket, queues.by_name[queue])

    def images_url(self) -> str:
        """What addresses of images begin with. The bucket is closed until a distribution of CloudFront shows it, whose
        name then stands here."""
        bucket = self.by_name.get("images")
        return f"https://{bucket.bucket_regional_domain_name}" if bucket else ""

    def names(self) -> dict[str, str]:
        """Our name of a bucket → its name on AWS."""
        return {name: bucket.bucket_name for name, bucket in self.by_name.items()}

    def grant(self, role: iam.IRole, name: str, verbs: frozenset[str]) -> None:
        """Let `role` do what `verbs` (list, read, write) mean in the bucket called `name`."""
        for verb in sorted(verbs & _ACTIONS.keys()):
            objects = f"{self._arn(name)}/{_KEYS.get((name, verb), '*')}"
            role.add_to_principal_policy(iam.PolicyStatement(actions=list(_ACTIONS[verb]), resources=[objects]))
            acknowledge_wildcard(role, objects, f"It may {verb} every file there: names follow from data")
        listing = sorted(_LISTING[verb] for verb in verbs & _LISTING.keys())
        if listing:
            role.add_to_principal_policy(iam.PolicyStatement(actions=listing, resources=[self._arn(name)]))

    def _physical(self, name: str) -> str:
        """Known beforehand: ERP systems are set up with it, and a queue's policy can name it without a cycle."""
        return f"{self._environment.resource(name)}-{cdk.Aws.ACCOUNT_ID}"

    def _arn(self, name: str) -> str:
        return f"arn:{cdk.Aws.PARTITION}:s3:::{self._physical(name)}"

    def _access_logs(self) -> s3.Bucket:
        return s3.Bucket(
            self,
            "access-logs",
            encryption=s3.BucketEncryption.S3_MANAGED,  # the only one that the log service can write with
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            lifecycle_rules=[s3.LifecycleRule(expiration=cdk.Duration.days(self._environment.log_days))],
            removal_policy=removal_policy(self._environment),
        )

    def _bucket(self, name: str) -> s3.Bucket:
        return s3.Bucket(
            self,
            name,
            bucket_name=self._physical(name),
            versioned=True,
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            server_access_logs_bucket=self._logs,
            server_access_logs_prefix=f"{name}/",
            cors=[_uploading()] if name in _SENT_TO_BY_BROWSERS else None,
            lifecycle_rules=[
                # What a file replaced is kept for a month.
                s3.LifecycleRule(
                    expiration=cdk.Duration.days(days) if (days := _KEPT_DAYS.get(name, _SEASON)) else None,
                    noncurrent_version_expiration=cdk.Duration.days(30),
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(7),
                ),
                s3.LifecycleRule(expired_object_delete_marker=True),
            ],
            removal_policy=removal_policy(self._environment),
        )

    def _notify(self, name: str, bucket: s3.Bucket, queue: sqs.Queue) -> None:
        """Feed `queue` from the bucket.

        By the property of the bucket itself: in its place the construct of CDK puts a custom resource, whose function
        may change every bucket of the account. S3's filters know prefixes and suffixes only, and the catalog comes
        first in a key: intake is told of results too, and passes over them.
        """
        allow_notifications(queue, self._arn(name))
        # S3 tries the queue when it is told of it, and refuses one that it may not send to.
        bucket.node.add_dependency(queue)
        resource = bucket.node.default_child
        if isinstance(resource, s3.CfnBucket):
            resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
                queue_configurations=[
                    s3.CfnBucket.QueueConfigurationProperty(event="s3:ObjectCreated:*", queue=queue.queue_arn)
                ]
            )


def _uploading() -> s3.CorsRule:
    """Any page may send what a presigned URL allows: the URL is the permission."""
    return s3.CorsRule(
        allowed_methods=[s3.HttpMethods.PUT], allowed_origins=["*"], allowed_headers=["content-type"], max_age=3000
    )
