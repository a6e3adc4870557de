"""The files of a staff console: a private bucket, and the CloudFront distribution that serves the files to browsers.

The console itself is not part of the platform. The setting `console` creates the bucket and the distribution for an
application in a browser. The application signs its users in at the sign-in page of staff, and calls the API.
"""

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as certificates
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.aws.checks import acknowledge_distribution
from infra.aws.retention import removal_policy
from infra.deploy.permanent import CONSOLE
from infra.environments import Environment


class Console(Construct):
    """The bucket and the distribution. `url` is the address of the console."""

    def __init__(self, scope: Construct, environment: Environment, access_logs: s3.IBucket) -> None:
        super().__init__(scope, "console")
        self._environment = environment
        bucket = s3.Bucket(
            self,
            "bucket",
            # The bucket has no fixed name, because `console = false` does not delete the bucket of a permanent
            # environment or a bucket with files. With a fixed name, a later `console = true` would therefore fail. The
            # bucket keeps old versions, so that an operator can undo a faulty upload.
            versioned=True,
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            server_access_logs_bucket=access_logs,
            server_access_logs_prefix=f"{CONSOLE}/",
            lifecycle_rules=[s3.LifecycleRule(noncurrent_version_expiration=cdk.Duration.days(30))],
            removal_policy=removal_policy(environment),
        )
        distribution = self._distribution(bucket)
        host = environment.settings.console_domain or distribution.distribution_domain_name
        for name, value in (
            ("ConsoleUrl", f"https://{host}"),
            ("ConsoleTarget", distribution.distribution_domain_name),
            ("ConsoleDistribution", distribution.distribution_id),
            ("ConsoleBucket", bucket.bucket_name),
        ):
            cdk.CfnOutput(self, name, value=value).override_logical_id(name)

    def _distribution(self, bucket: s3.Bucket) -> cloudfront.Distribution:
        settings = self._environment.settings
        certificate = (
            certificates.Certificate.from_certificate_arn(self, "certificate", settings.console_certificate)
            if settings.console_certificate
            else None
        )
        access = cloudfront.S3OriginAccessControl(
            self, "access", origin_access_control_name=self._environment.resource(CONSOLE)
        )
        distribution = cloudfront.Distribution(
            self,
            "cdn",
            comment=f"Console of {self._environment.resource('platform')}",
            domain_names=[settings.console_domain] if settings.console_domain else None,
            certificate=certificate,
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021 if certificate else None,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            default_root_object="index.html",
            default_behavior=cloudfront.BehaviorOptions(
                # Without the permission to list the bucket, S3 answers 403 for a file that does not exist.
                origin=origins.S3BucketOrigin.with_origin_access_control(bucket, origin_access_control=access),
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
                # The header `Cache-Control` of each file determines how long CloudFront may keep the file.
                cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
                response_headers_policy=cloudfront.ResponseHeadersPolicy.SECURITY_HEADERS,
                compress=True,
            ),
            # Most paths of a console are pages of one application and have no file, e.g. the page to which the sign-in
            # returns. For these paths, CloudFront returns `index.html`.
            error_responses=[
                cloudfront.ErrorResponse(
                    http_status=403,
                    response_http_status=200,
                    response_page_path="/index.html",
                    ttl=cdk.Duration.seconds(0),
                )
            ],
        )
        reasons = {
            "CFR1": "Staff and members of clients work in every country",
            "CFR2": "The distribution only reads public files from S3, so a firewall would protect nothing",
            "CFR3": "The server access log of the bucket has the requests that miss the cache",
        }
        acknowledge_distribution(distribution, reasons, has_certificate=certificate is not None)
        return distribution
