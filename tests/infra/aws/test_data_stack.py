"""The database on AWS: who can reach it, how it is kept, and that nobody holds its password."""

from tests.infra.aws.templates import Cloud

CLUSTER = "AWS::RDS::DBCluster"
PROXY = "AWS::RDS::DBProxy"


def test_the_proxy_takes_iam_over_tls_alone_and_knows_no_password(dev: Cloud) -> None:
    proxy = dev.only("data", PROXY)
    assert proxy["RequireTLS"] is True
    assert proxy["DefaultAuthScheme"] == "IAM_AUTH"
    assert "Auth" not in proxy
    assert proxy["EngineFamily"] == "POSTGRESQL"


def test_reads_have_an_endpoint_of_their_own(dev: Cloud) -> None:
    endpoint = dev.only("data", "AWS::RDS::DBProxyEndpoint")
    assert endpoint["TargetRole"] == "READ_ONLY"
    assert dev.follow("data", endpoint["DBProxyName"])[1] in dev.of_type("data", PROXY)


def test_the_proxy_signs_in_as_every_login_but_that_of_migrations(dev: Cloud) -> None:
    _, role = dev.follow("data", dev.only("data", PROXY)["RoleArn"])
    (policy,) = (each for each in dev.of_type("data", "AWS::IAM::Policy").values() if {"Ref": role} in each["Roles"])
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "rds-db:connect"
    logins = {resource["Fn::Join"][1][-1] for resource in statement["Resource"]}
    assert logins == {"/wc_public", "/wc_api", "/wc_worker"}


def test_rds_keeps_the_master_password(dev: Cloud) -> None:
    cluster = dev.only("data", CLUSTER)
    assert cluster["ManageMasterUserPassword"] is True
    assert "MasterUserPassword" not in cluster
    assert cluster["EnableIAMDatabaseAuthentication"] is True


def test_the_logins_are_made_after_the_cluster_and_again_when_they_change(dev: Cloud) -> None:
    logins = dev.only("data", "Custom::AWS")
    for event in ("Create", "Update"):
        assert "rds-data" in str(logins[event])
        assert "wc_migrate" in str(logins[event])
    (resource,) = (each for each in dev.templates["data"]["Resources"].values() if each["Type"] == "Custom::AWS")
    assert set(dev.of_type("data", "AWS::RDS::DBInstance")) < set(resource["DependsOn"])


def test_storage_is_encrypted_and_clients_must_use_tls(dev: Cloud) -> None:
    assert dev.only("data", CLUSTER)["StorageEncrypted"] is True
    parameters = dev.only("data", "AWS::RDS::DBClusterParameterGroup")["Parameters"]
    assert parameters["rds.force_ssl"] == "1"
    assert parameters["shared_preload_libraries"] == "pg_stat_statements"


def test_prod_has_two_readers_and_dev_one(dev: Cloud, prod: Cloud) -> None:
    assert len(dev.of_type("data", "AWS::RDS::DBInstance")) == 1 + 1
    assert len(prod.of_type("data", "AWS::RDS::DBInstance")) == 1 + 2


def test_prod_outlives_its_stack(dev: Cloud, prod: Cloud) -> None:
    for cloud, policy, protected in ((dev, "Delete", False), (prod, "Retain", True)):
        (cluster,) = (each for each in cloud.templates["data"]["Resources"].values() if each["Type"] == CLUSTER)
        assert cluster["DeletionPolicy"] == cluster["UpdateReplacePolicy"] == policy
        assert cluster["Properties"]["DeletionProtection"] is protected
    assert prod.only("data", CLUSTER)["BackupRetentionPeriod"] == 35


def test_functions_reach_the_proxy_and_steps_of_the_deploy_the_database(dev: Cloud) -> None:
    reached = {}
    for rule in dev.of_type("functions", "AWS::EC2::SecurityGroupIngress").values():
        assert rule["FromPort"] == rule["ToPort"] == 5432
        reached[dev.follow("functions", rule["SourceSecurityGroupId"])[1]] = dev.follow("functions", rule["GroupId"])[1]
    proxies = {group["Fn::GetAtt"][0] for group in dev.only("data", PROXY)["VpcSecurityGroupIds"]}
    databases = {group["Fn::GetAtt"][0] for group in dev.only("data", CLUSTER)["VpcSecurityGroupIds"]}
    for name, targets in (("api-products-read", proxies), ("deploy-migrate", databases)):
        (group,) = dev.function(name)["VpcConfig"]["SecurityGroupIds"]
        assert {reached[group["Fn::GetAtt"][0]]} == targets


def test_a_step_of_the_deploy_cannot_reach_the_internet(dev: Cloud) -> None:
    (group,) = dev.function("deploy-migrate")["VpcConfig"]["SecurityGroupIds"]
    egress = dev.templates["functions"]["Resources"][group["Fn::GetAtt"][0]]["Properties"]["SecurityGroupEgress"]
    assert [rule["ToPort"] for rule in egress] == [5432]


def test_the_database_has_no_way_out(dev: Cloud) -> None:
    isolated = {
        id for id in dev.of_type("network", "AWS::EC2::RouteTable") if id.startswith("vpcdataSubnet")
    }  # fmt: skip
    assert len(isolated) == 2
    for route in dev.of_type("network", "AWS::EC2::Route").values():
        assert route["RouteTableId"]["Ref"] not in isolated


def test_s3_is_reached_without_the_nat(dev: Cloud) -> None:
    (endpoint,) = dev.of_type("network", "AWS::EC2::VPCEndpoint").values()
    assert endpoint["VpcEndpointType"] == "Gateway"
    assert ".s3" in str(endpoint["ServiceName"])


def test_zones_and_gateways_are_the_environments(dev: Cloud, prod: Cloud) -> None:
    for cloud, zones, gateways in ((dev, 2, 1), (prod, 3, 2)):
        subnets = cloud.of_type("network", "AWS::EC2::Subnet").values()
        assert len({subnet["AvailabilityZone"] for subnet in subnets}) == zones
        assert len(cloud.of_type("network", "AWS::EC2::NatGateway")) == gateways
