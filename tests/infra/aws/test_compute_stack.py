"""Tests that the functions on AWS match their declarations."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from infra.aws.compute import SCHEMA, digest
from infra.aws.layers import Layer
from infra.bindings import Bindings
from infra.concurrency import bounded, reserved_concurrency, with_workers
from infra.functions import (
    FUNCTIONS,
    FunctionSpec,
    bucket_names,
    functions,
    worker,
)
from tests.infra.aws.templates import Templates, synthesise

NAMES = [spec.name for spec in functions()]
SPECS = {spec.name: spec for spec in functions()}


@pytest.fixture(params=NAMES)
def spec(request: pytest.FixtureRequest) -> FunctionSpec:
    """A declared function. Each test with this fixture runs once for each declared function."""
    return SPECS[request.param]


def test_the_operator_can_change_the_number_of_workers_of_a_queue(named: Templates) -> None:
    assert named.function("queues-emails")["Environment"]["Variables"]["WC_WORKERS"] == "7"
    maximums = [
        mapping["ScalingConfig"]["MaximumConcurrency"]
        for mapping in named.of_type("functions", "AWS::Lambda::EventSourceMapping").values()
    ]
    assert maximums.count(7) == 1
    with pytest.raises(ValueError, match="queues-email has no queue; use one of queues-catalog-syncs"):
        with_workers(functions(), {"queues-email": 3})


def test_the_template_contains_exactly_the_declared_functions(dev: Templates) -> None:
    names = {
        function["FunctionName"].removeprefix("wecelebrate-dev-")
        for function in dev.of_type("functions", "AWS::Lambda::Function").values()
        if "FunctionName" in function
    }
    assert names == set(NAMES)


def test_a_function_has_its_declared_limits(dev: Templates, spec: FunctionSpec) -> None:
    function = dev.function(spec.name)
    assert function["MemorySize"] == spec.memory
    assert function["Timeout"] == spec.timeout
    assert function["Runtime"] == "python3.13"
    assert function["Architectures"] == ["arm64"]
    assert function["Handler"] == "handler.handler"


def as_list(value: Any) -> list[Any]:
    """Return a list for a CloudFormation value that is either a list or a single element."""
    return value if isinstance(value, list) else [value]


def test_a_function_has_the_environment_variables_of_its_spec(dev: Templates, spec: FunctionSpec) -> None:
    names = (*NAMES, *(each.queue_name for each in SPECS.values() if each.has_queue))
    bindings = Bindings(
        **{
            field.name: "x"
            for field in dataclasses.fields(Bindings)
            if field.type is str and field.name not in ("docs_url", "kv_key_hashes")
        },
        docs_url="",
        queues={name: f"<{name}>" for name in names},
        buckets=dict.fromkeys(bucket_names(tuple(SPECS.values())), "x"),
        passwords={},
        kv_key_hashes="",
        extra={"WC_SECRETS_VERSION": "1"},
    )
    expected = spec.environment(bindings)
    variables: dict[str, Any] = dev.function(spec.name)["Environment"]["Variables"]
    assert variables.keys() == expected.keys()
    plain = {"POWERTOOLS_SERVICE_NAME", "WC_DATABASE_LOGIN"} & expected.keys()
    assert {name: variables[name] for name in plain} == {name: expected[name] for name in plain}


def test_a_new_version_of_the_secrets_updates_every_function(dev: Templates, named: Templates) -> None:
    for cloud, version in ((dev, "1"), (named, "3")):
        versions = {name: cloud.function(name)["Environment"]["Variables"]["WC_SECRETS_VERSION"] for name in NAMES}
        assert versions == dict.fromkeys(NAMES, version)


def test_each_function_mounts_the_core_layer_and_the_layers_that_the_function_needs(
    dev: Templates, spec: FunctionSpec
) -> None:
    layer_ids = {layer["Ref"] for layer in dev.function(spec.name)["Layers"]}
    names = {
        layer["LayerName"].removeprefix("wecelebrate-dev-")
        for id, layer in dev.of_type("functions", "AWS::Lambda::LayerVersion").items()
        if id in layer_ids
    }
    assert names == {"core", *spec.vendor_layers}
    assert len(layer_ids) <= 5  # Lambda allows at most five layers


def test_a_function_can_sign_in_to_the_database_only_with_its_own_login(dev: Templates, spec: FunctionSpec) -> None:
    statements = [each for each in dev.statements(spec.name) if "rds-db:connect" in each["Action"]]
    uses_database = spec.uses & {"database:read", "database:write"}
    resources = [str(each) for statement in statements for each in as_list(statement["Resource"])]
    # The policy allows both the proxy and the cluster. The security groups decide which of the two a function can
    # reach.
    ways = 0 if not uses_database else 1 if spec.kind == "deploy" else 2
    assert len(resources) == ways
    for resource in resources:
        assert resource.count("dbuser") == 1
        assert f"/{spec.login}'" in resource


def test_functions_send_traces_if_the_operator_has_not_disabled_them(
    dev: Templates, named: Templates, spec: FunctionSpec
) -> None:
    assert dev.function(spec.name)["TracingConfig"] == {"Mode": "Active"}
    assert any("xray:PutTraceSegments" in each["Action"] for each in dev.statements(spec.name))
    assert named.function(spec.name)["TracingConfig"] == {"Mode": "PassThrough"}
    assert not any("xray" in str(each["Action"]) for each in named.statements(spec.name))


def test_migrations_connect_to_the_writer_and_other_functions_connect_to_the_proxy(
    dev: Templates, spec: FunctionSpec
) -> None:
    variables = dev.function(spec.name)["Environment"]["Variables"]
    if "WC_DATABASE_WRITER" not in variables:
        return
    kinds = {
        key: dev.templates["data"]["Resources"][dev.follow("functions", variables[key]["Fn::Join"][1][0])[1]]["Type"]
        for key in ("WC_DATABASE_WRITER", "WC_DATABASE_READER")
    }
    if spec.kind == "deploy":
        assert set(kinds.values()) == {"AWS::RDS::DBCluster"}
    else:
        assert kinds == {
            "WC_DATABASE_WRITER": "AWS::RDS::DBProxy",
            "WC_DATABASE_READER": "AWS::RDS::DBProxyEndpoint",
        }


def test_a_function_is_allowed_to_send_only_to_its_declared_queues(dev: Templates, spec: FunctionSpec) -> None:
    statements = [each for each in dev.statements(spec.name) if "sqs:SendMessage" in each["Action"]]
    resources = [resource for statement in statements for resource in as_list(statement["Resource"])]
    targets = {
        dev.templates[stack]["Resources"][queue]["Properties"]["QueueName"]
        for stack, queue in (dev.follow("functions", resource) for resource in resources)
    }
    assert targets == {f"wecelebrate-dev-{queue}" for queue in spec.sends_to()}


def test_a_function_is_allowed_to_access_only_its_declared_buckets(dev: Templates, spec: FunctionSpec) -> None:
    statements = [each for each in dev.statements(spec.name) if "s3:" in str(each["Action"])]
    verbs = {
        verb
        for statement in statements
        for action, verb in (
            ("s3:GetObject", "read"),
            ("s3:PutObject", "write"),
            ("s3:DeleteObject", "delete"),
            ("s3:ListBucketVersions", "list"),
        )
        if action in as_list(statement["Action"])
    }
    assert verbs == {verb for access in spec.bucket_access().values() for verb in access}
    for statement in statements:
        assert any(f"wecelebrate-dev-{bucket}-" in str(statement["Resource"]) for bucket in spec.bucket_access())


def test_catalog_syncs_are_allowed_to_read_all_files_and_to_write_only_results(dev: Templates) -> None:
    patterns = {
        (statement["Action"][0], resource["Fn::Join"][1][-1])
        for statement in dev.statements("queues-catalog-syncs")
        if "s3:GetObject" in statement["Action"] or "s3:PutObject" in statement["Action"]
        for resource in as_list(statement["Resource"])
    }
    # A sync can read any file in the folder of a catalog, and uploaded files.
    assert patterns == {
        ("s3:GetObject", "/*"),
        ("s3:AbortMultipartUpload", "/*/results/*"),
        ("s3:AbortMultipartUpload", "/orders/*/out/*"),
    }


def test_the_images_api_can_write_uploads_but_only_the_worker_can_read_them(
    dev: Templates,
) -> None:
    def objects(name: str, action: str) -> list[str]:
        statements = [each for each in dev.statements(name) if action in each["Action"]]
        resources = [resource for statement in statements for resource in as_list(statement["Resource"])]
        return sorted("".join(part for part in each["Fn::Join"][1] if isinstance(part, str)) for each in resources)

    bucket = "arn::s3:::wecelebrate-dev-"
    assert objects("api-images-write", "s3:PutObject") == [f"{bucket}image-uploads-/*/uploads/*"]
    assert objects("api-images-write", "s3:GetObject") == []
    assert objects("queues-images", "s3:PutObject") == [f"{bucket}images-/*"]
    assert objects("queues-images", "s3:GetObject") == [f"{bucket}image-uploads-/*/uploads/*", f"{bucket}images-/*"]


def test_only_the_export_worker_can_write_exports(dev: Templates) -> None:
    def may(name: str, action: str) -> bool:
        return any(
            action in statement["Action"] and "exports-" in str(statement["Resource"])
            for statement in dev.statements(name)
        )

    names = [spec.name for spec in functions()]
    assert [name for name in names if may(name, "s3:PutObject")] == ["queues-exports"]
    assert [name for name in names if may(name, "s3:GetObject")] == ["api-exports-read"]
    assert [name for name in names if may(name, "s3:DeleteObjectVersion")] == [
        "queues-erasures",
        "queues-exports",
        "schedules-sweeper",
    ]
    assert dev.function("queues-exports")["EphemeralStorage"] == {"Size": 10_240}


def test_only_functions_that_use_the_internet_are_allowed_to_send_plain_http(
    dev: Templates, spec: FunctionSpec
) -> None:
    (group,) = dev.function(spec.name)["VpcConfig"]["SecurityGroupIds"]
    egress = dev.templates["functions"]["Resources"][group["Fn::GetAtt"][0]]["Properties"]["SecurityGroupEgress"]
    assert any(rule["ToPort"] == 80 for rule in egress) == ("internet" in spec.uses)
    assert "WC_OUTBOUND_ALLOW" not in dev.function(spec.name)["Environment"]["Variables"]


def test_the_base_url_of_images_is_the_domain_of_cloudfront(dev: Templates, spec: FunctionSpec) -> None:
    variables = dev.function(spec.name)["Environment"]["Variables"]
    assert ("WC_IMAGES_URL" in variables) == ("images" in spec.uses)
    if "images" in spec.uses:
        scheme, name = variables["WC_IMAGES_URL"]["Fn::Join"][1]
        stack, distribution = dev.follow("functions", name)
        assert scheme == "https://"
        assert dev.templates[stack]["Resources"][distribution]["Type"] == "AWS::CloudFront::Distribution"


def test_the_functions_know_the_platform_domain_and_can_query_dns(dev: Templates, spec: FunctionSpec) -> None:
    variables = dev.function(spec.name)["Environment"]["Variables"]
    uses_database = spec.login is not None and spec.kind != "deploy" and "WC_DATABASE_LOGIN" in variables
    assert variables.get("WC_PLATFORM_DOMAIN") == ("dev.wecelebrate.invalid" if uses_database else None)
    assert "WC_DNS_DIRECTORY" not in variables


def test_roles_have_no_wildcard_actions_and_no_wildcard_resources(dev: Templates) -> None:
    for stack, template in dev.templates.items():
        for id, resource in template["Resources"].items():
            if not resource["Type"].startswith("AWS::IAM::"):
                continue
            properties = resource["Properties"]
            policies = [properties, *properties.get("Policies", [])]
            documents = [policy["PolicyDocument"] for policy in policies if "PolicyDocument" in policy]
            for statement in (each for document in documents for each in document["Statement"]):
                if statement["Effect"] == "Deny":
                    continue
                assert "*" not in str(statement["Action"]), (stack, id)
                # The Lambda service needs these EC2 actions for all resources, because IAM does not support narrower
                # resources. The same policy denies these actions to the code of functions. The actions of X-Ray do not
                # support resources.
                if not {"ec2:CreateNetworkInterface", "xray:PutTraceSegments"} & {*as_list(statement["Action"])}:
                    assert statement["Resource"] != "*", (stack, id)


def test_the_code_of_a_function_is_not_allowed_to_manage_network_interfaces(dev: Templates, spec: FunctionSpec) -> None:
    allowed, denied = (
        next(each for each in dev.statements(spec.name) if each["Effect"] == effect and "ec2:" in str(each["Action"]))
        for effect in ("Allow", "Deny")
    )
    assert allowed["Action"] == denied["Action"]
    assert "function:wecelebrate-dev-*" in str(denied["Condition"]["ArnLike"]["lambda:SourceFunctionArn"])


def test_the_logs_of_each_function_expire(dev: Templates, spec: FunctionSpec) -> None:
    group = dev.function(spec.name)["LoggingConfig"]["LogGroup"]["Ref"]
    properties = dev.templates["functions"]["Resources"][group]["Properties"]
    assert properties["LogGroupName"] == f"/aws/lambda/wecelebrate-dev-{spec.name}"
    assert properties["RetentionInDays"] == 7


def test_a_queue_triggers_its_function_as_declared(dev: Templates, spec: FunctionSpec) -> None:
    mappings = [
        mapping
        for mapping in dev.of_type("functions", "AWS::Lambda::EventSourceMapping").values()
        if dev.templates["functions"]["Resources"][mapping["FunctionName"]["Ref"]]["Properties"]["FunctionName"]
        == f"wecelebrate-dev-{spec.name}"
    ]
    queue_names = {
        dev.templates[stack]["Resources"][queue]["Properties"]["QueueName"]
        for stack, queue in (dev.follow("functions", mapping["EventSourceArn"]) for mapping in mappings)
    }
    assert queue_names == {f"wecelebrate-dev-{name}" for name in spec.consumes(SPECS.values())}
    for mapping in mappings:
        assert spec.queue is not None
        assert mapping["BatchSize"] == spec.queue.batch_size
        assert mapping.get("MaximumBatchingWindowInSeconds", 0) == spec.queue.window
        # The account of `dev` is new, so it allows 10 concurrent invocations.
        assert mapping["ScalingConfig"] == {"MaximumConcurrency": 2}
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_queues_have_the_declared_number_of_workers_in_a_normal_account(prod: Templates, spec: FunctionSpec) -> None:
    (function,) = (
        id
        for id, each in prod.of_type("functions", "AWS::Lambda::Function").items()
        if each.get("FunctionName") == f"wecelebrate-prod-{spec.name}"
    )
    mappings = prod.of_type("functions", "AWS::Lambda::EventSourceMapping").values()
    for mapping in (each for each in mappings if each["FunctionName"]["Ref"] == function):
        assert spec.queue is not None
        assert mapping["ScalingConfig"] == {"MaximumConcurrency": spec.queue.maximum_concurrency}
        assert prod.function(spec.name)["Environment"]["Variables"]["WC_WORKERS"] == str(spec.queue.maximum_concurrency)


@pytest.mark.parametrize("concurrency", [10, 50, 100, 200, 1000])
def test_all_queues_together_use_at_most_half_of_the_concurrency_of_the_account(concurrency: int) -> None:
    workers = [spec.queue.maximum_concurrency for spec in bounded(functions(), concurrency) if spec.queue]
    assert min(workers) >= 2
    assert sum(workers) <= max(concurrency / 2, 2 * len(workers))


@pytest.mark.parametrize(("concurrency", "reserves"), [(10, False), (100, False), (1000, True)])
def test_concurrency_is_reserved_only_if_100_invocations_remain_unreserved(concurrency: int, reserves: bool) -> None:
    reserved = reserved_concurrency(functions(), concurrency)
    assert bool(reserved) == reserves
    assert concurrency - sum(reserved.values()) >= 100 or not reserved


def test_the_declared_concurrency_is_reserved_only_in_a_large_account(
    dev: Templates, prod: Templates, spec: FunctionSpec
) -> None:
    declared = "concurrency" in spec.model_fields_set and spec.queue is None
    assert prod.function(spec.name).get("ReservedConcurrentExecutions") == (spec.concurrency if declared else None)
    assert "ReservedConcurrentExecutions" not in dev.function(spec.name)


def test_all_functions_except_deploy_steps_are_updated_after_the_schema_is_migrated(dev: Templates) -> None:
    (trigger,) = dev.of_type("functions", "Custom::Trigger")
    resources = dev.templates["functions"]["Resources"]
    for name in NAMES:
        (resource,) = (
            resource
            for resource in resources.values()
            if resource.get("Properties", {}).get("FunctionName") == f"wecelebrate-dev-{name}"
        )
        assert (trigger in resource["DependsOn"]) == (SPECS[name].kind != "deploy")


def test_migrations_run_after_the_network_rules_for_the_database_exist(dev: Templates) -> None:
    (trigger,) = (
        resource
        for resource in dev.templates["functions"]["Resources"].values()
        if resource["Type"] == "Custom::Trigger"
    )
    (group,) = dev.function("deploy-migrate")["VpcConfig"]["SecurityGroupIds"]
    rules = dev.of_type("functions", "AWS::EC2::SecurityGroupIngress")
    needed = {id for id, rule in rules.items() if rule["SourceSecurityGroupId"] == group}
    assert needed
    assert needed < set(trigger["DependsOn"])


def test_the_migration_trigger_contains_the_hash_of_the_migrations(dev: Templates, tmp_path: Path) -> None:
    trigger = dev.only("functions", "Custom::Trigger")
    assert trigger["Migrations"] == digest(SCHEMA)
    (tmp_path / "0001_first.sql").write_text("select 1;")
    before = digest(tmp_path)
    (tmp_path / "0002_second.sql").write_text("select 2;")
    assert digest(tmp_path) != before


@pytest.fixture(scope="module")
def scheduled(
    tmp_path_factory: pytest.TempPathFactory, specs: tuple[FunctionSpec, ...], stub_layers: Mapping[str, Layer]
) -> Templates:
    """The templates of an app with an existing issuer and an additional scheduled function.

    The schedule of this function has a time zone. The function uses the cache and mail.
    """
    folder = tmp_path_factory.mktemp("more") / "functions" / "schedules" / "sweep"
    folder.mkdir(parents=True)
    (folder / "handler.py").touch()
    (folder / "function.toml").write_text(
        'uses = ["cache", "email"]\n[schedule]\nexpression = "rate(1 minute)"\ntimezone = "Europe/Berlin"\n'
    )
    all_specs = (*specs, FunctionSpec.read(folder))
    return synthesise(
        tmp_path_factory.mktemp("scheduled"), all_specs, stub_layers, issuer="https://id.example", audience="wc"
    )


def test_a_schedule_calls_its_function(scheduled: Templates) -> None:
    schedules = scheduled.of_type("functions", "AWS::Scheduler::Schedule").values()
    (schedule,) = (each for each in schedules if each["Name"] == "wecelebrate-dev-schedules-sweep")
    assert schedule["ScheduleExpression"] == "rate(1 minute)"
    assert schedule["ScheduleExpressionTimezone"] == "Europe/Berlin"
    _, failed = scheduled.follow("functions", schedule["Target"]["DeadLetterConfig"]["Arn"])
    queue = scheduled.templates["functions"]["Resources"][failed]["Properties"]
    assert queue["QueueName"] == "wecelebrate-dev-failed-schedules"
    _, target = scheduled.follow("functions", schedule["Target"]["Arn"])
    assert scheduled.templates["functions"]["Resources"][target]["Properties"]["FunctionName"].endswith("-sweep")


def test_the_templates_contain_no_secret(scheduled: Templates) -> None:
    variables = scheduled.function("schedules-sweep")["Environment"]["Variables"]
    assert variables["WC_CACHE_TOKEN"] == "{{resolve:secretsmanager:wecelebrate/dev/cache:SecretString:token::}}"
    signing_key = scheduled.function("api-me-read")["Environment"]["Variables"]["WC_SIGNING_KEY"]
    assert signing_key["Fn::Join"][1][0] == "{{resolve:secretsmanager:"


def test_an_environment_with_an_existing_token_issuer_has_no_user_pool(scheduled: Templates) -> None:
    assert "identity" not in scheduled.templates
    variables = scheduled.function("api-storefront-read")["Environment"]["Variables"]
    assert variables["WC_ISSUER"] == "https://id.example"
    assert variables["WC_AUDIENCE"] == "wc"
    jwt = scheduled.only("api", "AWS::ApiGatewayV2::Authorizer")["JwtConfiguration"]
    assert jwt == {"Audience": ["wc"], "Issuer": "https://id.example"}


def test_the_code_asset_of_a_function_contains_the_handler_but_not_function_toml(dev: Templates) -> None:
    handlers = list(dev.folder.glob("asset.*/handler.py"))
    assert handlers
    assert not list(dev.folder.glob("asset.*/function.toml"))
    sources = {spec.handler.read_bytes() for spec in functions(FUNCTIONS)}
    assert {handler.read_bytes() for handler in handlers} <= sources


def test_a_worker_can_be_invoked_only_by_functions_that_start_this_worker(dev: Templates, spec: FunctionSpec) -> None:
    allowed = {
        json.dumps(resource)
        for statement in dev.statements(spec.name)
        if "lambda:InvokeFunction" in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }
    assert len(allowed) == len(spec.starts())
    for queue in spec.starts():
        assert sum(f":function:wecelebrate-dev-{worker(queue)}" in resource for resource in allowed) == 1
