"""The database: Aurora PostgreSQL behind RDS Proxy. The setting `proxy` can let functions connect directly.

No function has a database password. Each function has a database login, and signs in to the proxy with this login
through IAM. The proxy then signs in to the database through IAM with the same login. RDS keeps and rotates the master
password. Only one step of the deploy uses the master password: the step that creates the logins through the Data API.

This stack contains the security groups of the proxy and the database. The clients of the database have security groups
in other stacks. The stack of a client creates the rule that allows connections from this client. The stack of the
database therefore depends on no stack of a client.
"""

from pathlib import Path
from typing import get_args

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_rds as rds
from aws_cdk import custom_resources as custom
from constructs import Construct

from infra.aws.checks import acknowledge, acknowledge_value
from infra.aws.retention import log_group, removal_policy
from infra.aws.stack import PlatformStack
from infra.deploy.engine import ENGINE_CONTEXT, ENGINE_VERSION
from infra.environments import LOG_SETTINGS, Environment
from infra.functions import Login

NAME = "wecelebrate"
PORT = 5432
LOGINS: tuple[str, ...] = get_args(Login)
DEPLOY_LOGIN = "wc_migrate"
"""The login of migrations. It connects directly to the writer, not through the proxy. A migration can take minutes, and
a connection pool is made for short statements."""

_BOOTSTRAP = Path(__file__).with_name("bootstrap.sql")


class Data(PlatformStack):
    """The stack of the writer, the readers and the proxy, with the permissions to connect to them."""

    def __init__(self, scope: Construct, environment: Environment, vpc: ec2.IVpc) -> None:
        super().__init__(scope, "data", environment, holds_data=True)
        self._database_group = self._group(vpc, "database", "Aurora")
        self._proxy_group = self._group(vpc, "proxy", "RDS Proxy")
        self._setting = environment.settings.proxy
        version: str = self.node.try_get_context(ENGINE_CONTEXT) or ENGINE_VERSION
        self._keeps_version = version != ENGINE_VERSION
        self._engine = rds.DatabaseClusterEngine.aurora_postgres(
            version=rds.AuroraPostgresEngineVersion.of(version, version.partition(".")[0])
        )
        self.cluster = self._cluster(environment, vpc)
        self.proxy = self._proxy(environment, vpc) if self._setting != "off" else None
        reader = self._proxy_reader(self.proxy, vpc) if self.proxy else None
        self._create_logins()
        self._sign_in_policies = {login: self._create_sign_in_policy(login) for login in LOGINS}

        self.direct_address = f"{self.cluster.cluster_endpoint.hostname}:{PORT}"
        self.writer_address = self.direct_address
        self.reader_address = f"{self.cluster.cluster_read_endpoint.hostname}:{PORT}"
        if self.proxy and reader and self._setting == "on":
            self.writer_address = f"{self.proxy.endpoint}:{PORT}"
            self.reader_address = f"{reader.endpoint}:{PORT}"

    def allow_access(self, client: ec2.SecurityGroup) -> None:
        """Allow connections from the security group `client` to the database, through the proxy if it is used.

        The group `client` may always send to the group of the database. Only the ingress rule of the database decides
        whether a connection is accepted.

        The reason is the order of a deploy. An egress rule is a part of its group, and a deploy removes an egress rule
        before it updates the functions. An ingress rule is a separate resource. CloudFormation creates an ingress rule
        before the functions, if these depend on `client`, and deletes the rule after all updates. Therefore no change
        of `proxy` interrupts connections.
        """
        if self.proxy:
            self._allow_egress(client, self._proxy_group)
            self._allow_ingress(client, self._proxy_group)
        self._allow_egress(client, self._database_group)
        if self._setting != "on":
            self._allow_ingress(client, self._database_group)

    def allow_writer_access(self, client: ec2.SecurityGroup) -> None:
        """Allow connections from the security group `client` directly to the writer, without the proxy."""
        self._allow_egress(client, self._database_group)
        self._allow_ingress(client, self._database_group)

    def sign_in_policy(self, login: str) -> iam.IManagedPolicy:
        """Return the policy that allows a role to sign in only as `login`."""
        return self._sign_in_policies[login]

    def _group(self, vpc: ec2.IVpc, id: str, service: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(self, id, vpc=vpc, description=f"{service} of wecelebrate", allow_all_outbound=False)

    def _allow_egress(self, client: ec2.SecurityGroup, target: ec2.SecurityGroup) -> None:
        client.add_egress_rule(ec2.Peer.security_group_id(target.security_group_id), ec2.Port.tcp(PORT), "PostgreSQL")

    def _allow_ingress(self, client: ec2.SecurityGroup, target: ec2.SecurityGroup) -> None:
        ec2.CfnSecurityGroupIngress(
            client,
            f"to-{target.node.id}",
            group_id=target.security_group_id,
            source_security_group_id=client.security_group_id,
            ip_protocol="tcp",
            from_port=PORT,
            to_port=PORT,
            description=f"PostgreSQL from {client.node.id}",
        )

    def _cluster(self, environment: Environment, vpc: ec2.IVpc) -> rds.DatabaseCluster:
        identifier = environment.resource("database")
        logs = log_group(self, "log", environment, f"/aws/rds/cluster/{identifier}/postgresql")
        min_capacity, max_capacity = environment.capacity
        cluster = rds.DatabaseCluster(
            self,
            "cluster",
            # RDS derives the name of the log group from this fixed identifier. Therefore this stack can create the log
            # group with a retention. RDS would create it without a retention.
            cluster_identifier=identifier,
            engine=self._engine,
            default_database_name=NAME,
            port=PORT,
            # A release upgrades the engine, so that each version runs in staging first.
            writer=rds.ClusterInstance.serverless_v2(
                "writer", enable_performance_insights=True, auto_minor_version_upgrade=False
            ),
            # If the writer fails, the first reader becomes the writer. The first reader therefore always has the same
            # capacity as the writer. The capacity of every other reader depends on the load of that reader.
            readers=[
                rds.ClusterInstance.serverless_v2(
                    f"reader-{number}",
                    enable_performance_insights=True,
                    scale_with_writer=number == 1,
                    auto_minor_version_upgrade=False,
                )
                for number in range(1, environment.readers + 1)
            ],
            serverless_v2_min_capacity=min_capacity,
            serverless_v2_max_capacity=max_capacity,
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_group_name="data"),
            security_groups=[self._database_group],
            credentials=rds.Credentials.from_username("master"),
            manage_master_user_password=True,
            iam_authentication=True,
            enable_data_api=True,
            parameter_group=self._parameter_group(),
            storage_encrypted=True,
            copy_tags_to_snapshot=True,
            backup=rds.BackupProps(
                retention=cdk.Duration.days(environment.backup_days), preferred_window="06:00-07:00"
            ),
            preferred_maintenance_window="sun:07:30-sun:08:30",
            cloudwatch_logs_exports=["postgresql"],
            deletion_protection=environment.permanent,
            removal_policy=removal_policy(environment),
        )
        cluster.node.add_dependency(logs)
        if self._keeps_version:
            acknowledge_value(cluster, "The cluster already has this version, which can be newer than this CDK")
        if not environment.permanent:
            acknowledge(cluster, "RDS10", "The environment is temporary: its data is deleted with its stack")
        return cluster

    def _parameter_group(self) -> rds.ParameterGroup:
        return rds.ParameterGroup(
            self,
            "parameters",
            engine=self._engine,
            description="wecelebrate",
            parameters={
                "shared_preload_libraries": "pg_stat_statements",
                "pg_stat_statements.track": "all",
                "track_io_timing": "on",
                "rds.force_ssl": "1",
                # The logins authenticate with IAM. Injected SQL must not set a password for a login.
                "rds.restrict_password_commands": "1",
                **LOG_SETTINGS,
                "log_lock_waits": "on",
                # PostgreSQL logs temporary files that are larger than this size, in KB.
                "log_temp_files": "10240",
                # In milliseconds. The SQL function `app.enter` sets shorter timeouts. This timeout therefore ends only
                # transactions that did not call `app.enter`.
                "idle_in_transaction_session_timeout": "60000",
            },
        )

    def _proxy(self, environment: Environment, vpc: ec2.IVpc) -> rds.DatabaseProxy:
        role = iam.Role(
            self,
            "proxy-role",
            assumed_by=iam.ServicePrincipal("rds.amazonaws.com"),
            description="RDS Proxy signs in to Aurora as the logins of functions",
        )
        for login in LOGINS:
            if login != DEPLOY_LOGIN:
                self.cluster.grant_connect(role, login)
        return rds.DatabaseProxy(
            self,
            "proxy-pool",
            db_proxy_name=environment.resource("proxy"),
            proxy_target=rds.ProxyTarget.from_cluster(self.cluster),
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_group_name="data"),
            security_groups=[self._proxy_group],
            role=role,
            default_auth_scheme=rds.DefaultAuthScheme.IAM_AUTH,
            require_tls=True,
            # If no connection of the pool becomes free within this time, the caller gets an error. Without this
            # timeout, the caller would get an error from API Gateway only after 30 seconds.
            borrow_timeout=cdk.Duration.seconds(5),
            idle_client_timeout=cdk.Duration.minutes(15),
            # The pool uses at most 90 % of the connections. The other connections are for migrations, operators and RDS
            # itself.
            max_connections_percent=90,
            max_idle_connections_percent=30,
        )

    def _proxy_reader(self, proxy: rds.DatabaseProxy, vpc: ec2.IVpc) -> rds.IDatabaseProxyEndpoint:
        return proxy.add_endpoint(
            "reader",
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_group_name="data"),
            security_groups=[self._proxy_group],
            target_role=rds.ProxyEndpointTargetRole.READ_ONLY,
        )

    def _create_sign_in_policy(self, login: str) -> iam.ManagedPolicy:
        policy = iam.ManagedPolicy(self, f"sign-in-{login}", description=f"Sign in to the database as {login}")
        # The policy always allows sign-ins through the proxy and also directly, because a deploy updates the policy
        # some minutes before the functions. Therefore a change of the setting `proxy` does not interrupt sign-ins. The
        # ingress rules of the proxy and of the database determine which of these sign-ins are possible.
        self.cluster.grant_connect(policy, login)
        if self.proxy and login != DEPLOY_LOGIN:
            self.proxy.grant_connect(policy, login)
        return policy

    def _create_logins(self) -> None:
        """Create the logins during a deploy, as the master user, before any function signs in."""
        secret = self.cluster.secret
        if secret is None:
            raise LookupError("the cluster has no master secret: set `manage_master_user_password=True`")
        call = custom.AwsSdkCall(
            service="rds-data",
            action="ExecuteStatement",
            parameters={
                "resourceArn": self.cluster.cluster_arn,
                "secretArn": secret.secret_arn,
                "database": NAME,
                "sql": bootstrap_sql(),
            },
            physical_resource_id=custom.PhysicalResourceId.of("logins"),
        )
        logins = custom.AwsCustomResource(
            self,
            "logins",
            on_update=call,  # CDK also makes this call when it creates the resource
            install_latest_aws_sdk=False,
            timeout=cdk.Duration.minutes(2),
            policy=custom.AwsCustomResourcePolicy.from_statements(
                [
                    iam.PolicyStatement(actions=["rds-data:ExecuteStatement"], resources=[self.cluster.cluster_arn]),
                    iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[secret.secret_arn]),
                ]
            ),
        )
        logins.node.add_dependency(self.cluster)
        acknowledge(
            self,
            "IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]",
            "The policy of the CDK function that creates the logins; it only allows the function to write logs",
        )


def bootstrap_sql() -> str:
    """Return the SQL statement that creates all logins.

    The statement has no comments. The Data API looks for parameters (`:name`) and quotes in the text before PostgreSQL
    reads it. An apostrophe in a comment would therefore begin a string.
    """
    logins = ", ".join(f"'{login}'" for login in LOGINS)
    lines = _BOOTSTRAP.read_text("utf-8").splitlines()
    statement = "\n".join(line for line in lines if line.strip() and not line.lstrip().startswith("--"))
    return statement.replace("{logins}", logins)
