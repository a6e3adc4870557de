"""Tests the database on AWS: the access to the database, the protection of the data, and logins without passwords."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from infra.aws.layers import Layer
from infra.deploy.engine import ENGINE_CONTEXT, ENGINE_VERSION
from infra.functions import FunctionSpec, functions
from tests.infra.aws.templates import Templates, synthesise

CLUSTER = "AWS::RDS::DBCluster"
PROXY = "AWS::RDS::DBProxy"


def test_the_operator_can_set_the_capacity_of_the_database(named: Templates) -> None:
    scaling = named.only("data", "AWS::RDS::DBCluster")["ServerlessV2ScalingConfiguration"]
    assert scaling == {"MinCapacity": 0.5, "MaxCapacity": 64}


def test_a_deploy_can_keep_a_newer_database_version(
    tmp_path: Path, specs: tuple[FunctionSpec, ...], stub_layers: Mapping[str, Layer], dev: Templates
) -> None:
    assert dev.only("data", CLUSTER)["EngineVersion"] == ENGINE_VERSION
    kept = synthesise(tmp_path / "kept", specs, stub_layers, environment="dev", **{ENGINE_CONTEXT: "18.1"})
    assert kept.only("data", CLUSTER)["EngineVersion"] == "18.1"
    assert kept.only("data", "AWS::RDS::DBClusterParameterGroup")["Family"] == "aurora-postgresql18"


def test_the_proxy_requires_tls_and_iam_and_has_no_password(dev: Templates) -> None:
    proxy = dev.only("data", PROXY)
    assert proxy["RequireTLS"] is True
    assert proxy["DefaultAuthScheme"] == "IAM_AUTH"
    assert "Auth" not in proxy
    assert proxy["EngineFamily"] == "POSTGRESQL"


def test_the_proxy_has_a_read_only_endpoint(dev: Templates) -> None:
    endpoint = dev.only("data", "AWS::RDS::DBProxyEndpoint")
    assert endpoint["TargetRole"] == "READ_ONLY"
    assert dev.follow("data", endpoint["DBProxyName"])[1] in dev.of_type("data", PROXY)


def test_the_proxy_is_allowed_to_sign_in_with_every_login_except_wc_migrate(dev: Templates) -> None:
    _, role = dev.follow("data", dev.only("data", PROXY)["RoleArn"])
    policies = dev.of_type("data", "AWS::IAM::Policy").values()
    (policy,) = (policy for policy in policies if {"Ref": role} in policy["Roles"])
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "rds-db:connect"
    logins = {resource["Fn::Join"][1][-1] for resource in statement["Resource"]}
    assert logins == {"/wc_public", "/wc_api", "/wc_worker", "/wc_kv"}


def test_rds_manages_the_master_password(dev: Templates) -> None:
    cluster = dev.only("data", CLUSTER)
    assert cluster["ManageMasterUserPassword"] is True
    assert "MasterUserPassword" not in cluster
    assert cluster["EnableIAMDatabaseAuthentication"] is True


def test_the_logins_are_created_and_updated_after_the_cluster(dev: Templates) -> None:
    logins = dev.only("data", "Custom::AWS")
    for event in ("Create", "Update"):
        assert "rds-data" in str(logins[event])
        assert "wc_migrate" in str(logins[event])
    resources = dev.templates["data"]["Resources"].values()
    (resource,) = (resource for resource in resources if resource["Type"] == "Custom::AWS")
    assert set(dev.of_type("data", "AWS::RDS::DBInstance")) < set(resource["DependsOn"])


def test_storage_is_encrypted_and_tls_is_required(dev: Templates) -> None:
    assert dev.only("data", CLUSTER)["StorageEncrypted"] is True
    parameters = dev.only("data", "AWS::RDS::DBClusterParameterGroup")["Parameters"]
    assert parameters["rds.force_ssl"] == "1"
    assert parameters["rds.restrict_password_commands"] == "1"
    assert parameters["shared_preload_libraries"] == "pg_stat_statements"


def test_the_database_log_contains_no_values_of_parameters_or_rows(dev: Templates) -> None:
    parameters = dev.only("data", "AWS::RDS::DBClusterParameterGroup")["Parameters"]
    assert parameters["log_min_duration_statement"] == "500"
    assert parameters["log_parameter_max_length"] == parameters["log_parameter_max_length_on_error"] == "0"
    assert (parameters["log_error_verbosity"], parameters["log_min_messages"]) == ("terse", "log")
    assert parameters["log_statement"] == "none"
    assert not any(name.startswith("auto_explain") for name in parameters)


def test_the_database_has_one_reader_in_dev_and_two_readers_in_prod(dev: Templates, prod: Templates) -> None:
    assert len(dev.of_type("data", "AWS::RDS::DBInstance")) == 1 + 1
    assert len(prod.of_type("data", "AWS::RDS::DBInstance")) == 1 + 2


def test_aws_does_not_upgrade_the_database_automatically(dev: Templates, prod: Templates) -> None:
    for cloud in (dev, prod):
        instances = cloud.of_type("data", "AWS::RDS::DBInstance").values()
        assert {instance["AutoMinorVersionUpgrade"] for instance in instances} == {False}


def test_only_the_prod_database_is_retained_and_protected(dev: Templates, prod: Templates) -> None:
    for cloud, policy, protected in ((dev, "Delete", False), (prod, "RetainExceptOnCreate", True)):
        resources = cloud.templates["data"]["Resources"].values()
        (cluster,) = (resource for resource in resources if resource["Type"] == CLUSTER)
        assert cluster["DeletionPolicy"] == policy
        assert cluster["UpdateReplacePolicy"] == policy.removesuffix("ExceptOnCreate")
        assert cluster["Properties"]["DeletionProtection"] is protected
    assert prod.only("data", CLUSTER)["BackupRetentionPeriod"] == 35


def test_functions_can_reach_the_proxy_and_deploy_steps_can_reach_the_cluster(dev: Templates) -> None:
    target_by_source = {}
    for rule in dev.of_type("functions", "AWS::EC2::SecurityGroupIngress").values():
        assert rule["FromPort"] == rule["ToPort"] == 5432
        _, source = dev.follow("functions", rule["SourceSecurityGroupId"])
        target_by_source[source] = dev.follow("functions", rule["GroupId"])[1]
    proxies = {group["Fn::GetAtt"][0] for group in dev.only("data", PROXY)["VpcSecurityGroupIds"]}
    databases = {group["Fn::GetAtt"][0] for group in dev.only("data", CLUSTER)["VpcSecurityGroupIds"]}
    for name, targets in (("api-products-read", proxies), ("deploy-migrate", databases)):
        (group,) = dev.function(name)["VpcConfig"]["SecurityGroupIds"]
        assert {target_by_source[group["Fn::GetAtt"][0]]} == targets


def test_functions_connect_to_the_cluster_if_the_setting_proxy_is_off(named: Templates) -> None:
    assert named.of_type("data", PROXY) == named.of_type("data", "AWS::RDS::DBProxyEndpoint") == {}
    # The check before a deploy reads the output `ProxySetting`. The stack `data` must not have this output, because
    # `data` is updated before the functions.
    assert named.templates["functions"]["Outputs"]["ProxySetting"]["Value"] == "off"
    assert "ProxySetting" not in named.templates["data"]["Outputs"]
    (cluster,) = named.of_type("data", CLUSTER)
    variables = named.function("api-products-read")["Environment"]["Variables"]
    attributes = {}
    for key in ("WC_DATABASE_WRITER", "WC_DATABASE_READER"):
        output = variables[key]["Fn::Join"][1][0]["Fn::GetStackOutput"]["OutputName"]
        attributes[key] = named.templates["data"]["Outputs"][output]["Value"]["Fn::GetAtt"]
    assert attributes == {
        "WC_DATABASE_WRITER": [cluster, "Endpoint.Address"],
        "WC_DATABASE_READER": [cluster, "ReadEndpoint.Address"],
    }
    databases = {group["Fn::GetAtt"][0] for group in named.only("data", CLUSTER)["VpcSecurityGroupIds"]}
    rules = named.of_type("functions", "AWS::EC2::SecurityGroupIngress").values()
    assert {named.follow("functions", rule["GroupId"])[1] for rule in rules} == databases
    for statement in named.statements("api-products-read"):
        if "rds-db:connect" in statement["Action"]:
            assert cluster in str(statement["Resource"])
    assert "ProxyName" not in str(named.templates["monitoring"])


@pytest.mark.parametrize("environment", ["dev", "named"])
def test_no_change_of_the_proxy_setting_interrupts_connections(
    environment: str, request: pytest.FixtureRequest
) -> None:
    templates: Templates = request.getfixturevalue(environment)
    databases = {group["Fn::GetAtt"][0] for group in templates.only("data", CLUSTER)["VpcSecurityGroupIds"]}
    resources = templates.templates["functions"]["Resources"]
    ingress = {id for id, each in resources.items() if each["Type"] == "AWS::EC2::SecurityGroupIngress"}
    (group_id,) = (
        group["Fn::GetAtt"][0] for group in templates.function("api-products-read")["VpcConfig"]["SecurityGroupIds"]
    )
    # An update of the security group would remove an egress rule before the functions are updated. Therefore the egress
    # rule to the database always exists.
    targets = {
        templates.follow("functions", rule["DestinationSecurityGroupId"])[1]
        for rule in resources[group_id]["Properties"]["SecurityGroupEgress"]
        if "DestinationSecurityGroupId" in rule
    }
    assert databases < targets if environment == "dev" else databases == targets
    # A function is updated after the creation of the ingress rules that it needs.
    own = {id for id in ingress if group_id in str(resources[id]["Properties"]["SourceSecurityGroupId"])}
    (function,) = (
        each
        for each in resources.values()
        if each["Type"] == "AWS::Lambda::Function"
        and each["Properties"].get("FunctionName", "").endswith("-api-products-read")
    )
    assert own
    assert own <= set(function["DependsOn"])


@pytest.mark.parametrize("proxy", ["on", "bypass"])
def test_a_bypassed_proxy_exists_and_functions_can_use_the_cluster(tmp_path: Path, proxy: str) -> None:
    import aws_cdk as cdk

    from infra.aws.data import Data
    from infra.aws.network import Network
    from infra.environments import get_environment

    (tmp_path / "dev.toml").write_text(f'proxy = "{proxy}"\n')
    environment = get_environment("dev", {"settings_folder": str(tmp_path)}.get)
    app = cdk.App(outdir=str(tmp_path / "out"), analytics_reporting=False)
    data = Data(app, environment, Network(app, environment).vpc)
    template = cdk.assertions.Template.from_stack(data).to_json()
    kinds = [resource["Type"] for resource in template["Resources"].values()]
    assert kinds.count(PROXY) == 1
    direct = data.writer_address == data.direct_address
    assert direct == (proxy == "bypass")
    policies = [
        each["Properties"] for each in template["Resources"].values() if each["Type"] == "AWS::IAM::ManagedPolicy"
    ]
    ways = {policy["Description"].rsplit(" ", 1)[1]: str(policy).count("dbuser") for policy in policies}
    assert ways == {spec.login: 1 if spec.kind == "deploy" else 2 for spec in functions() if spec.login}


def test_a_deploy_step_cannot_reach_the_internet(dev: Templates) -> None:
    (group,) = dev.function("deploy-migrate")["VpcConfig"]["SecurityGroupIds"]
    egress = dev.templates["functions"]["Resources"][group["Fn::GetAtt"][0]]["Properties"]["SecurityGroupEgress"]
    assert [rule["ToPort"] for rule in egress] == [5432]


def test_the_subnets_of_the_database_have_no_route_to_the_internet(dev: Templates) -> None:
    isolated = {
        id for id in dev.of_type("network", "AWS::EC2::RouteTable") if id.startswith("vpcdataSubnet")
    }  # fmt: skip
    assert len(isolated) == 2
    for route in dev.of_type("network", "AWS::EC2::Route").values():
        assert route["RouteTableId"]["Ref"] not in isolated


def test_s3_has_a_gateway_endpoint(dev: Templates) -> None:
    (endpoint,) = dev.of_type("network", "AWS::EC2::VPCEndpoint").values()
    assert endpoint["VpcEndpointType"] == "Gateway"
    assert ".s3" in str(endpoint["ServiceName"])


def test_the_number_of_zones_and_nat_gateways_depends_on_the_environment(dev: Templates, prod: Templates) -> None:
    for cloud, zones, gateways in ((dev, 2, 1), (prod, 3, 2)):
        subnets = cloud.of_type("network", "AWS::EC2::Subnet").values()
        assert len({subnet["AvailabilityZone"] for subnet in subnets}) == zones
        assert len(cloud.of_type("network", "AWS::EC2::NatGateway")) == gateways
