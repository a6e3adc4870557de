"""All functions and their layers, and the migration of the schema that comes before them.

Layers are in the stack of the functions that mount them. In a stack of their own every new version would change an
output that functions hold on to, and a deploy could neither replace nor keep it; SSM parameters would loosen that, but
a function would then run on layers that its template does not name.
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

from infra.checks import acknowledge
from infra.data import NAME as DATABASE
from infra.environments import Environment
from infra.functions import Bindings, FunctionSpec, Kind
from infra.identity import Issuer
from infra.lambda_function import RUNTIME, LambdaFunction, Surroundings
from infra.layers import CORE, Layer
from infra.stack import PlatformStack

SCHEMA = CORE / "schema"


class Compute(PlatformStack):
    """Every function that is declared."""

    def __init__(
        self,
        scope: Construct,
        among: Surroundings,
        issuer: Issuer,
        specs: Sequence[FunctionSpec],
        layers: Mapping[str, Layer],
    ) -> None:
        environment = among.environment
        super().__init__(scope, "functions", environment)
        acknowledge(
            self,
            "L1",
            "Everything is tested on Python 3.11 to 3.13; 3.14 comes when its tests pass",
        )
        self._among = among
        self._layers = {name: self._layer(layer) for name, layer in layers.items()}
        self._network = self._network_policy(environment)
        serving = self._client("serving", "Functions reach the proxy, AWS, Upstash and the issuer of tokens")
        serving.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "HTTPS")
        among.data.connect(serving)
        asking = self._client("asking", "Functions that ask addresses of strangers reach the same, and plain HTTP")
        for port, what in ((443, "HTTPS"), (80, "HTTP")):
            asking.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(port), what)
        among.data.connect(asking)
        deploying = self._client("deploying", "Steps of the deploy reach the writer, and nothing else")
        among.data.connect_directly(deploying)
        bindings = self._bindings(issuer, specs)
        direct = dataclasses.replace(
            bindings, database_writer=among.data.direct_address, database_reader=among.data.direct_address
        )

        steps = [self._function(spec, direct, deploying) for spec in specs if spec.kind == "deploy"]
        serve = [
            self._function(spec, bindings, asking if "internet" in spec.uses else serving)
            for spec in specs
            if spec.kind != "deploy"
        ]
        for step in steps:
            self._run_before(serve, step)
        self.functions: Mapping[str, LambdaFunction] = {each.spec.name: each for each in (*steps, *serve)}

    def of_kind(self, kind: Kind) -> Sequence[LambdaFunction]:
        """Its functions of one kind."""
        return [each for each in self.functions.values() if each.spec.kind == kind]

    def _function(self, spec: FunctionSpec, bindings: Bindings, group: ec2.ISecurityGroup) -> LambdaFunction:
        mounted = [self._layers[name] for name in ("core", *spec.vendor_layers)]
        return LambdaFunction(
            self,
            spec,
            self._among,
            bindings=bindings,
            layers=mounted,
            network=self._network,
            security_group=group,
        )

    def _layer(self, layer: Layer) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self,
            f"layer-{layer.name}",
            layer_version_name=self._among.environment.resource(layer.name),
            # The digest of what it was made from: bytecode of the same sources may differ from build to build.
            code=lambda_.Code.from_asset(
                str(layer.folder), asset_hash_type=cdk.AssetHashType.CUSTOM, asset_hash=layer.digest
            ),
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[lambda_.Architecture.ARM_64],
        )

    def _client(self, id: str, description: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(self, id, vpc=self._among.vpc, description=description, allow_all_outbound=False)

    def _network_policy(self, environment: Environment) -> iam.ManagedPolicy:
        """What Lambda itself needs to put a function into the VPC. The function's own code is refused it."""
        actions = [
            "ec2:AssignPrivateIpAddresses",
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:UnassignPrivateIpAddresses",
        ]
        ours = self.format_arn(
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
                    conditions={"ArnLike": {"lambda:SourceFunctionArn": ours}},
                ),
            ],
        )
        acknowledge(
            policy,
            "IAM5[Resource::*]",
            "EC2 knows no narrower resource for interfaces that do not exist yet; the deny keeps the code from it",
        )
        return policy

    def _bindings(self, issuer: Issuer, specs: Sequence[FunctionSpec]) -> Bindings:
        among, environment = self._among, self._among.environment
        signing_key = secrets.Secret(
            self,
            "signing-key",
            description="Signs cursors and consistency tokens",
            generate_secret_string=secrets.SecretStringGenerator(password_length=64, exclude_punctuation=True),
        )
        acknowledge(signing_key, "SMG4", "A new key voids every cursor that clients hold: it is changed by a person")
        cached = any("cache" in spec.uses for spec in specs)
        cache = f"wecelebrate/{environment.name}/cache"
        return Bindings(
            environment=environment.name,
            database_writer=among.data.writer_address,
            database_reader=among.data.reader_address,
            database_name=DATABASE,
            # Upstash is not ours to create: its secret {"url", "token"} is put in place before the first deploy.
            cache_url=cdk.SecretValue.secrets_manager(cache, json_field="url").unsafe_unwrap() if cached else "",
            cache_token=cdk.SecretValue.secrets_manager(cache, json_field="token").unsafe_unwrap() if cached else "",
            issuer=issuer.url,
            audience=issuer.audience,
            jwks_url=issuer.jwks_url,
            # Resolved by CloudFormation as it deploys: no template holds it, and no cold start waits for it.
            signing_key=signing_key.secret_value.unsafe_unwrap(),
            queues=among.queues.urls(),
            buckets=among.buckets.names(),
            images_url=among.buckets.images_url(),
            mail_from=among.mail.sender,
            mail_configuration_set=among.mail.configuration_set,
            mail_rate=among.mail.rate,
            passwords={},
            # libpq reads it: an IAM token is a password, and is never sent in the clear.
            extra={"PGSSLMODE": "require"},
        )

    def _run_before(self, others: Sequence[LambdaFunction], step: LambdaFunction) -> None:
        """Invoke `step` whenever it or the schema changes. When it fails, the deploy rolls back before `others`."""
        trigger = triggers.Trigger(
            self,
            f"run-{step.spec.name}",
            handler=step.function,
            timeout=cdk.Duration.seconds(step.spec.timeout),
            invocation_type=triggers.InvocationType.REQUEST_RESPONSE,
        )
        trigger.execute_before(*(each.function for each in others))
        resource = trigger.node.find_child("Default").node.default_child
        if isinstance(resource, cdk.CfnResource):
            resource.add_property_override("Migrations", digest(SCHEMA))


def digest(folder: Path) -> str:
    """A hash over the names and contents of the SQL files, and of the access matrix, in `folder`."""
    found = hashlib.sha256()
    for file in sorted((*folder.rglob("*.sql"), *folder.rglob("*.toml"))):
        found.update(f"{file.relative_to(folder)}:{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return found.hexdigest()[:16]
