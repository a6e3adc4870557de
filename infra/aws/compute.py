"""All functions, their layers, and the deploy step that migrates the database schema before the functions are updated.

The layers are in the same stack as the functions. If they were in a separate stack, that stack would export the ARN of
each layer version. A new version would change the export, and CloudFormation refuses to change an export that another
stack uses (docs/decisions, 0012). SSM parameters would avoid the export, but then the template of a function would not
show the layer versions that the function uses.
"""

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secrets
from aws_cdk import triggers
from constructs import Construct

from infra.aws.checks import acknowledge
from infra.aws.data import NAME as DATABASE
from infra.aws.identity import TokenIssuers
from infra.aws.lambda_function import RUNTIME, LambdaFunction, StackEnvironment
from infra.aws.layers import CORE, Layer
from infra.aws.queues import failed_schedules
from infra.aws.stack import PlatformStack
from infra.bindings import Bindings
from infra.deploy.stacks import COGNITO, ISSUER_OUTPUT, PROXY_OUTPUT
from infra.environments import Environment
from infra.functions import FunctionSpec, Kind, encoded_routes

SCHEMA = CORE / "schema"


class Compute(PlatformStack):
    """The stack of all declared functions."""

    def __init__(
        self,
        scope: Construct,
        stack_environment: StackEnvironment,
        issuers: TokenIssuers,
        specs: Sequence[FunctionSpec],
        layers: Mapping[str, Layer],
    ) -> None:
        environment = stack_environment.environment
        super().__init__(scope, "functions", environment)
        acknowledge(
            self,
            "L1",
            "The platform supports Python 3.11 to 3.13; it will use 3.14 when the tests pass there",
        )
        self._stack_environment = stack_environment
        self._layers = {name: self._layer(layer) for name, layer in layers.items()}
        self._policies = [self._network_policy(environment)]
        if environment.settings.traces:
            self._policies.append(self._trace_policy())
        data = stack_environment.data
        default_group = self._security_group(
            "serving", "Functions reach the database, AWS, Upstash and the token issuer"
        )
        default_group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "HTTPS")
        data.allow_access(default_group)
        internet_group = self._security_group("asking", "Functions that call external URLs reach plain HTTP as well")
        for port, protocol in ((443, "HTTPS"), (80, "HTTP")):
            internet_group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(port), protocol)
        data.allow_access(internet_group)
        isolated_group = self._security_group("isolated", "Functions that use nothing reach nothing")
        deploy_group = self._security_group("deploying", "Steps of the deploy reach only the writer")
        data.allow_writer_access(deploy_group)
        self._origin_secrets = self._create_origin_secrets(environment.settings.origin_secret)
        self.origin_secret = self._origin_secrets[0]
        """The secret that CloudFront adds to requests. It proves to the functions that a request came through
        CloudFront."""
        self._failed_schedules = failed_schedules(self, environment)
        bindings = self._bindings(issuers, specs)
        direct = dataclasses.replace(bindings, database_writer=data.direct_address, database_reader=data.direct_address)

        deploy_steps = [self._function(spec, direct, deploy_group) for spec in specs if spec.kind == "deploy"]
        other_functions = []
        for spec in specs:
            if spec.kind != "deploy":
                group = internet_group if "internet" in spec.uses else default_group if spec.uses else isolated_group
                other_functions.append(self._function(spec, bindings, group))
        for step in deploy_steps:
            self._run_before(other_functions, step, deploy_group)
        self.functions: Mapping[str, LambdaFunction] = {
            function.spec.name: function for function in (*deploy_steps, *other_functions)
        }
        cdk.CfnOutput(self, PROXY_OUTPUT, value=environment.settings.proxy)
        cdk.CfnOutput(self, ISSUER_OUTPUT, value=environment.settings.issuer or COGNITO)

    def of_kind(self, kind: Kind) -> Sequence[LambdaFunction]:
        """Return the functions of one kind."""
        return [function for function in self.functions.values() if function.spec.kind == kind]

    def _function(self, spec: FunctionSpec, bindings: Bindings, group: ec2.ISecurityGroup) -> LambdaFunction:
        layers = [self._layers[name] for name in ("core", *spec.vendor_layers)]
        return LambdaFunction(
            self,
            spec,
            self._stack_environment,
            bindings=bindings,
            layers=layers,
            policies=self._policies,
            security_group=group,
            failed_schedules=self._failed_schedules,
        )

    def _layer(self, layer: Layer) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self,
            f"layer-{layer.name}",
            layer_version_name=self._stack_environment.environment.resource(layer.name),
            # By default, CDK would compute the hash from the files of the layer. These files contain bytecode, which
            # can differ between two builds of the same sources. The digest here depends only on the sources.
            code=lambda_.Code.from_asset(
                str(layer.folder), asset_hash_type=cdk.AssetHashType.CUSTOM, asset_hash=layer.digest
            ),
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[lambda_.Architecture.ARM_64],
        )

    def _security_group(self, id: str, description: str) -> ec2.SecurityGroup:
        vpc = self._stack_environment.vpc
        return ec2.SecurityGroup(self, id, vpc=vpc, description=description, allow_all_outbound=False)

    def _network_policy(self, environment: Environment) -> iam.ManagedPolicy:
        """Create the policy with which the Lambda service attaches functions to the VPC.

        The policy allows actions on network interfaces, and denies the same actions to the code of the functions.
        """
        actions = [
            "ec2:AssignPrivateIpAddresses",
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:UnassignPrivateIpAddresses",
        ]
        our_functions = self.format_arn(
            service="lambda",
            resource="function",
            resource_name=environment.resource("*"),
            arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
        )
        policy = iam.ManagedPolicy(
            self,
            "network",
            description="Lambda attaches functions to the VPC",
            statements=[
                iam.PolicyStatement(actions=actions, resources=["*"]),
                iam.PolicyStatement(
                    effect=iam.Effect.DENY,
                    actions=actions,
                    resources=["*"],
                    conditions={"ArnLike": {"lambda:SourceFunctionArn": our_functions}},
                ),
            ],
        )
        acknowledge(
            policy,
            "IAM5[Resource::*]",
            "EC2 has no narrower resource for interfaces that do not exist yet; functions themselves may not use it",
        )
        return policy

    def _trace_policy(self) -> iam.ManagedPolicy:
        """Create the policy with which functions send their traces to X-Ray."""
        policy = iam.ManagedPolicy(
            self,
            "traces",
            description="Functions send traces to X-Ray",
            statements=[
                iam.PolicyStatement(actions=["xray:PutTelemetryRecords", "xray:PutTraceSegments"], resources=["*"])
            ],
        )
        acknowledge(policy, "IAM5[Resource::*]", "X-Ray has no resources to which these actions could be limited")
        return policy

    def _bindings(self, issuers: TokenIssuers, specs: Sequence[FunctionSpec]) -> Bindings:
        resources, environment = self._stack_environment, self._stack_environment.environment
        signing_key = secrets.Secret(
            self,
            "signing-key",
            description="Signs cursors and consistency tokens",
            generate_secret_string=secrets.SecretStringGenerator(password_length=64, exclude_punctuation=True),
        )
        acknowledge(
            signing_key,
            "SMG4",
            "Rotation would invalidate every cursor that a client has; an operator rotates the key if necessary",
        )
        uses_cache = any("cache" in spec.uses for spec in specs)
        cache_secret = f"wecelebrate/{environment.name}/cache"
        return Bindings(
            environment=environment.name,
            database_writer=resources.data.writer_address,
            database_reader=resources.data.reader_address,
            database_name=DATABASE,
            # CDK cannot create the Redis database at Upstash. Before the first deploy, an operator creates this
            # database, and a secret with its address: {"url": …, "token": …}.
            cache_url=_secret_field(cache_secret, "url") if uses_cache else "",
            cache_token=_secret_field(cache_secret, "token") if uses_cache else "",
            # The gateway verifies the tokens of staff. Functions verify the tokens of customers, on storefronts.
            issuer=issuers.customers.url,
            audience=issuers.customers.audiences[0],
            jwks_url=issuers.customers.jwks_url,
            # CloudFormation inserts the secret during the deploy. Therefore no template contains the secret, and no
            # function has to read the secret during a cold start.
            signing_key=signing_key.secret_value.unsafe_unwrap(),
            origin_secrets=",".join(secret.secret_value.unsafe_unwrap() for secret in self._origin_secrets),
            docs_url=environment.settings.docs_url or "",
            # Without a domain, the host of the API is a name that CloudFront creates. The name is unknown here, because
            # CloudFormation creates the stack of CloudFront after the functions.
            api_url=f"https://{environment.settings.domain}" if environment.settings.domain else "",
            routes=encoded_routes(specs),
            queues=resources.queues.urls(),
            buckets=resources.buckets.names(),
            platform_domain=environment.platform_domain,
            images_url=resources.buckets.images_url(),
            mail_from=resources.mail.sender,
            mail_configuration_set=resources.mail.configuration_set,
            mail_rate=resources.mail.rate,
            passwords={},
            kv_key_hashes=",".join(environment.settings.kv_key_hashes),
            # A change of this variable makes CloudFormation update all functions. Only then does CloudFormation read
            # secrets and the outputs of other stacks again.
            function_prefix=environment.resource(""),
            extra={"WC_SECRETS_VERSION": str(environment.settings.secrets_version)},
        )

    def _create_origin_secrets(self, number: int) -> list[secrets.Secret]:
        """Create the secret with this number, and the secret with the previous number. Functions accept both.

        A deploy with the next number updates the functions before CloudFront. Therefore the functions refuse no
        request.
        """
        created = []
        for each in (number, number - 1):
            secret = secrets.Secret(
                self,
                f"origin-secret-{each}",
                description="CloudFront sends it to the API",
                generate_secret_string=secrets.SecretStringGenerator(password_length=48, exclude_punctuation=True),
            )
            acknowledge(secret, "SMG4", "The setting `origin_secret` rotates it: CloudFront must be updated as well")
            created.append(secret)
        return created

    def _run_before(self, others: Sequence[LambdaFunction], step: LambdaFunction, group: ec2.SecurityGroup) -> None:
        """Invoke the function `step` during a deploy, before the functions in `others` are updated.

        The security group of `step` and its rules must exist before the invocation. Otherwise `step` could not reach
        the database.

        A deploy invokes `step` only if `step` or the migrations have changed. If `step` fails, the deploy rolls back
        and does not update `others`.
        """
        trigger = triggers.Trigger(
            self,
            f"run-{step.spec.name}",
            handler=step.function,
            timeout=cdk.Duration.seconds(step.spec.timeout),
            invocation_type=triggers.InvocationType.REQUEST_RESPONSE,
        )
        trigger.execute_after(group)
        trigger.execute_before(*(other.function for other in others))
        resource = trigger.node.find_child("Default").node.default_child
        if isinstance(resource, cdk.CfnResource):
            resource.add_property_override("Migrations", digest(SCHEMA))


def digest(folder: Path) -> str:
    """Return a hash of the names and contents of all SQL and TOML files in `folder`.

    The TOML file is `access.toml`, the matrix of database permissions. Migrations apply this file, too.
    """
    hash = hashlib.sha256()
    for file in sorted((*folder.rglob("*.sql"), *folder.rglob("*.toml"))):
        hash.update(f"{file.relative_to(folder)}:{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return hash.hexdigest()[:16]


def _secret_field(secret: str, field: str) -> str:
    return cdk.SecretValue.secrets_manager(secret, json_field=field).unsafe_unwrap()
