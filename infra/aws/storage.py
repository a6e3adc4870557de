"""The S3 buckets that the declarations name, and the notifications that the buckets send to queues."""

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.aws.checks import acknowledge_distribution, acknowledge_wildcard
from infra.aws.console import Console
from infra.aws.erp import ErpRoles
from infra.aws.queues import Queues, allow_notifications
from infra.aws.retention import removal_policy
from infra.environments import Environment
from infra.functions import LOCKED_BUCKETS, FunctionSpec, bucket_names

_KEYS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("drops", "write"): ("*/results/*", "orders/*/out/*"),
    ("drops", "delete"): ("orders/*",),
    ("image-uploads", "read"): ("*/uploads/*",),
    ("image-uploads", "write"): ("*/uploads/*",),
}
"""Maps a bucket and a verb to the patterns of the keys to which the verb applies. If a verb has no entry, it applies to
all keys of the bucket.
"""

_EXPIRY_DAYS: Mapping[str, int | None] = {"images": None, "image-uploads": 7, "exports": 8, "erasures": None}
"""Maps each bucket to the number of days after which its objects expire. None means that they never expire.

The objects of `images` never expire, because products show them. The objects of `erasures` never expire, because every
restore needs them. The sweeper deletes an export after 7 days. The expiry deletes all other files, e.g. of a worker
that was killed.

The archive of the key-value store contains personal data. It expires after the default time. Before that, its documents
can be restored.
"""
_OLD_VERSION_DAYS: Mapping[str, int] = {"exports": 1, "kv-archive": 180}
"""Maps each bucket to the number of days after which an old version is deleted. Exports contain personal data. To
restore retired documents, the platform reads the versions of the archive that the retirement has verified.
"""
_DEFAULT_OLD_VERSION_DAYS = 30
_DEFAULT_EXPIRY_DAYS = 180
"""The number of days after which objects expire if `_EXPIRY_DAYS` does not contain their bucket. Clients sometimes ask
about a file up to half a year after its upload."""

_BROWSER_UPLOAD_BUCKETS = ("image-uploads", "uploads")
"""The buckets that need CORS, because browsers upload files to these buckets with presigned URLs."""

_ACTIONS: Mapping[str, tuple[str, ...]] = {
    # A job needs both actions: it reads the object version that its message names, even if a newer version exists.
    "read": ("s3:GetObject", "s3:GetObjectVersion"),
    "write": ("s3:PutObject", "s3:AbortMultipartUpload"),
    "delete": ("s3:DeleteObject", "s3:DeleteObjectVersion"),
}
"""Maps each verb to the S3 actions that the verb allows on the objects of a bucket."""

_LISTING: Mapping[str, str] = {
    # Without this permission, S3 answers 403 instead of 404 for an object that does not exist.
    "read": "s3:ListBucket",
    "list": "s3:ListBucketVersions",
}
"""Maps each verb to the S3 action that the verb allows on the bucket itself."""


class Buckets(Construct):
    """All buckets. `by_name` maps the names in the declarations to the buckets."""

    def __init__(
        self, scope: Construct, environment: Environment, specs: tuple[FunctionSpec, ...], queues: Queues
    ) -> None:
        super().__init__(scope, "buckets")
        self._environment = environment
        self._logs = self._access_logs()
        self.by_name: Mapping[str, s3.Bucket] = {name: self._bucket(name) for name in bucket_names(specs)}
        for name, bucket in self.by_name.items():
            target_queues = [spec.queue_name for spec in specs if spec.queue and spec.queue.bucket == name]
            if len(target_queues) > 1:
                raise ValueError(
                    f"S3 can notify only one queue about a new object, but several queues declare the bucket {name}:"
                    f" {', '.join(target_queues)}; keep `bucket` in only one of them"
                )
            for queue in target_queues:
                self._notify(name, bucket, queues.by_name[queue])
        images = self.by_name.get("images")
        self._images = self._distribution(images) if images else None
        if environment.settings.console:
            Console(self, environment, self._logs)
        drops = self.by_name.get("drops")
        if drops:
            ErpRoles(self, environment, drops, self._arn("drops"))

    def images_url(self) -> str:
        """Return the base URL of images. The URL is empty if no function declares the bucket `images`.

        A CloudFront distribution serves the images, because the bucket is private.
        """
        return f"https://{self._images.distribution_domain_name}" if self._images else ""

    def names(self) -> dict[str, str]:
        """Return a mapping from the bucket names in the declarations to the bucket names on AWS."""
        return {name: bucket.bucket_name for name, bucket in self.by_name.items()}

    def grant(self, role: iam.IRole, name: str, verbs: frozenset[str]) -> None:
        """Allow `role` to use the bucket called `name`.

        `verbs` contains the allowed operations: `list`, `read`, `write` or `delete`.
        """
        for verb in sorted(verbs & _ACTIONS.keys()):
            objects = [f"{self._arn(name)}/{pattern}" for pattern in _KEYS.get((name, verb), ("*",))]
            role.add_to_principal_policy(iam.PolicyStatement(actions=list(_ACTIONS[verb]), resources=objects))
            for pattern in objects:
                acknowledge_wildcard(
                    role,
                    pattern,
                    f"The role may {verb} all objects that match, because the names of the keys depend on data",
                )
        listing = sorted(_LISTING[verb] for verb in verbs & _LISTING.keys())
        if listing:
            role.add_to_principal_policy(iam.PolicyStatement(actions=listing, resources=[self._arn(name)]))

    def _physical(self, name: str) -> str:
        """Return the name of the bucket on AWS.

        The name depends only on the environment and the account, for two reasons. First, operators write the name into
        the configuration of ERP systems. Second, the policy of a queue needs the name. A reference to the bucket would
        be circular, because the bucket already refers to the queue.
        """
        return f"{self._environment.resource(name)}-{cdk.Aws.ACCOUNT_ID}"

    def _arn(self, name: str) -> str:
        return f"arn:{cdk.Aws.PARTITION}:s3:::{self._physical(name)}"

    def _access_logs(self) -> s3.Bucket:
        return s3.Bucket(
            self,
            "access-logs",
            encryption=s3.BucketEncryption.S3_MANAGED,  # S3 cannot write access logs with another encryption
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            lifecycle_rules=[s3.LifecycleRule(expiration=cdk.Duration.days(self._environment.log_days))],
            removal_policy=removal_policy(self._environment),
        )

    def _bucket(self, name: str) -> s3.Bucket:
        days_locked = LOCKED_BUCKETS.get(name)
        return s3.Bucket(
            self,
            name,
            bucket_name=self._physical(name),
            versioned=True,
            object_lock_enabled=True if days_locked else None,
            object_lock_default_retention=s3.ObjectLockRetention.governance(cdk.Duration.days(days_locked))
            if days_locked
            else None,
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            server_access_logs_bucket=self._logs,
            server_access_logs_prefix=f"{name}/",
            cors=[_browser_uploads()] if name in _BROWSER_UPLOAD_BUCKETS else None,
            lifecycle_rules=[
                # The days are counted from the time when a newer version replaced the old version.
                s3.LifecycleRule(
                    expiration=cdk.Duration.days(days)
                    if (days := _EXPIRY_DAYS.get(name, _DEFAULT_EXPIRY_DAYS))
                    else None,
                    noncurrent_version_expiration=cdk.Duration.days(
                        _OLD_VERSION_DAYS.get(name, _DEFAULT_OLD_VERSION_DAYS)
                    ),
                    abort_incomplete_multipart_upload_after=cdk.Duration.days(7),
                ),
                s3.LifecycleRule(expired_object_delete_marker=True),
            ],
            removal_policy=removal_policy(self._environment),
        )

    def _distribution(self, bucket: s3.Bucket) -> cloudfront.Distribution:
        """Serve the images of products to browsers. Only this distribution may read the bucket."""
        # All environments would give this resource the same default name.
        access = cloudfront.S3OriginAccessControl(
            self, "images-access", origin_access_control_name=self._environment.resource("images")
        )
        distribution = cloudfront.Distribution(
            self,
            "images-cdn",
            comment=f"Images of {self._environment.resource('products')}",
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            default_behavior=cloudfront.BehaviorOptions(
                origin=origins.S3BucketOrigin.with_origin_access_control(bucket, origin_access_control=access),
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
                # The key of an image contains the hash of the image, so an image never changes.
                cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
                response_headers_policy=cloudfront.ResponseHeadersPolicy.CORS_ALLOW_ALL_ORIGINS_AND_SECURITY_HEADERS,
                compress=True,
            ),
        )
        reasons = {
            "CFR1": "The shops have customers in every country",
            "CFR2": "The distribution only reads public images from S3, so a firewall would protect nothing",
            "CFR3": "The server access log of the bucket has the requests that miss the cache",
        }
        acknowledge_distribution(distribution, reasons, has_certificate=False)
        return distribution

    def _notify(self, name: str, bucket: s3.Bucket, queue: sqs.Queue) -> None:
        """Send the ObjectCreated notifications of the bucket to `queue`.

        This method sets the property of the CloudFormation resource directly. CDK's own method for notifications would
        add a function that is allowed to change every bucket of the account.

        The queue also gets notifications about result files, and the function of the queue ignores these notifications.
        S3 cannot exclude them: it filters keys only by prefix and suffix, and every key starts with a catalog id.
        """
        allow_notifications(queue, self._arn(name))
        # The policy of the queue must exist before the notification is configured. S3 then sends a test message to the
        # queue, and rejects the configuration if the policy does not allow this message.
        bucket.node.add_dependency(queue)
        resource = bucket.node.default_child
        if isinstance(resource, s3.CfnBucket):
            resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
                queue_configurations=[
                    s3.CfnBucket.QueueConfigurationProperty(event="s3:ObjectCreated:*", queue=queue.queue_arn)
                ]
            )


def _browser_uploads() -> s3.CorsRule:
    """Allow uploads from any origin, because only a presigned URL gives the permission to upload."""
    return s3.CorsRule(
        allowed_methods=[s3.HttpMethods.PUT], allowed_origins=["*"], allowed_headers=["content-type"], max_age=3000
    )
