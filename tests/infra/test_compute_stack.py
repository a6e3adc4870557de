"""Functions on AWS are what their declarations say."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from infra.compute import SCHEMA, digest
from infra.functions import FUNCTIONS, Bindings, FunctionSpec, bucket_names, functions
from infra.layers import Layer
from tests.infra.templates import Cloud, synthesise

NAMES = [spec.name for spec in functions()]
SPECS = {spec.name: spec for spec in functions()}


@pytest.fixture(params=NAMES)
def spec(request: pytest.FixtureRequest) -> FunctionSpec:
    """Each function that is declared."""
    return SPECS[request.param]


def test_every_declared_function_is_there_and_no_other(dev: Cloud) -> None:
    ours = {
        each["FunctionName"].removeprefix("wecelebrate-dev-")
        for each in dev.of_type("functions", "AWS::Lambda::Function").values()
        if "FunctionName" in each
    }
    assert ours == set(NAMES)


def test_a_function_has_the_limits_that_it_declares(dev: Cloud, spec: FunctionSpec) -> None:
    function = dev.function(spec.name)
    assert function["MemorySize"] == spec.memory
    assert function["Timeout"] == spec.timeout
    assert function["Runtime"] == "python3.13"
    assert function["Architectures"] == ["arm64"]
    assert function["Handler"] == "handler.handler"


def listed(one: Any) -> list[Any]:
    """What CloudFormation takes as a list or as its only member."""
    return one if isinstance(one, list) else [one]


def test_a_function_has_the_environment_that_its_spec_gives(dev: Cloud, spec: FunctionSpec) -> None:
    given = {name: f"<{name}>" for name in (*NAMES, *(each.queue_name for each in SPECS.values() if each.has_queue))}
    bindings = Bindings(
        **{field.name: "x" for field in dataclasses.fields(Bindings) if field.type is str},
        queues=given,
        buckets=dict.fromkeys(bucket_names(tuple(SPECS.values())), "x"),
        passwords={},
        extra={"PGSSLMODE": "require"},
    )
    expected = spec.environment(bindings)
    variables: dict[str, Any] = dev.function(spec.name)["Environment"]["Variables"]
    assert variables.keys() == expected.keys()
    plain = {"POWERTOOLS_SERVICE_NAME", "WC_DATABASE_LOGIN", "PGSSLMODE"} & expected.keys()
    assert {name: variables[name] for name in plain} == {name: expected[name] for name in plain}


def test_a_function_mounts_core_and_the_layers_that_it_needs(dev: Cloud, spec: FunctionSpec) -> None:
    mounted = {layer["Ref"] for layer in dev.function(spec.name)["Layers"]}
    names = {
        each["LayerName"].removeprefix("wecelebrate-dev-")
        for id, each in dev.of_type("functions", "AWS::Lambda::LayerVersion").items()
        if id in mounted
    }
    assert names == {"core", *spec.vendor_layers}
    assert len(mounted) <= 5  # Lambda takes no more


def test_a_function_may_sign_in_as_its_own_login_alone(dev: Cloud, spec: FunctionSpec) -> None:
    connects = [each for each in dev.statements(spec.name) if "rds-db:connect" in each["Action"]]
    uses_database = spec.uses & {"database:read", "database:write"}
    resources = [str(each["Resource"]) for each in connects]
    assert len(resources) == (1 if uses_database else 0)
    for resource in resources:
        assert resource.count("dbuser") == 1
        assert f"/{spec.login}'" in resource


def test_migrations_reach_the_writer_itself_and_everything_else_the_proxy(dev: Cloud, spec: FunctionSpec) -> None:
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


def test_a_function_may_send_to_the_queues_that_it_declares_alone(dev: Cloud, spec: FunctionSpec) -> None:
    sends = [each for each in dev.statements(spec.name) if "sqs:SendMessage" in each["Action"]]
    targets = {
        dev.templates[stack]["Resources"][queue]["Properties"]["QueueName"]
        for stack, queue in (dev.follow("functions", one) for each in sends for one in listed(each["Resource"]))
    }
    assert targets == {f"wecelebrate-dev-{queue}" for queue in spec.sends_to()}


def test_a_function_may_touch_the_buckets_that_it_declares_alone(dev: Cloud, spec: FunctionSpec) -> None:
    touches = [each for each in dev.statements(spec.name) if "s3:" in str(each["Action"])]
    verbs = {
        verb
        for each in touches
        for action, verb in (
            ("s3:GetObject", "read"),
            ("s3:PutObject", "write"),
            ("s3:ListBucketVersions", "list"),
        )
        if action in listed(each["Action"])
    }
    assert verbs == {verb for access in spec.bucket_access().values() for verb in access}
    for each in touches:
        assert any(f"wecelebrate-dev-{bucket}-" in str(each["Resource"]) for bucket in spec.bucket_access())


def test_the_sync_reads_files_and_writes_results(dev: Cloud) -> None:
    touches = {
        each["Action"][0]: each["Resource"]["Fn::Join"][1][-1]
        for each in dev.statements("queues-catalog-syncs")
        if "s3:GetObject" in each["Action"] or "s3:PutObject" in each["Action"]
    }
    # What schedules pull lies anywhere in a catalog's folder.
    assert touches == {"s3:GetObject": "/*", "s3:AbortMultipartUpload": "/*/results/*"}


def test_who_takes_uploads_writes_uploads_and_who_renders_them_reads_those_and_writes_images(dev: Cloud) -> None:
    def objects(name: str, action: str) -> list[str]:
        found = [one for each in dev.statements(name) if action in each["Action"] for one in listed(each["Resource"])]
        return sorted("".join(part for part in one["Fn::Join"][1] if isinstance(part, str)) for one in found)

    bucket = "arn::s3:::wecelebrate-dev-"
    assert objects("api-images-write", "s3:PutObject") == [f"{bucket}image-uploads-/*/uploads/*"]
    assert objects("api-images-write", "s3:GetObject") == []
    assert objects("queues-images", "s3:PutObject") == [f"{bucket}images-/*"]
    assert objects("queues-images", "s3:GetObject") == [f"{bucket}image-uploads-/*/uploads/*", f"{bucket}images-/*"]


def test_only_who_asks_strangers_is_let_out_by_plain_http(dev: Cloud, spec: FunctionSpec) -> None:
    (group,) = dev.function(spec.name)["VpcConfig"]["SecurityGroupIds"]
    egress = dev.templates["functions"]["Resources"][group["Fn::GetAtt"][0]]["Properties"]["SecurityGroupEgress"]
    assert any(rule["ToPort"] == 80 for rule in egress) == ("internet" in spec.uses)
    assert "WC_OUTBOUND_ALLOW" not in dev.function(spec.name)["Environment"]["Variables"]


def test_images_are_shown_below_the_buckets_own_regional_name(dev: Cloud, spec: FunctionSpec) -> None:
    variables = dev.function(spec.name)["Environment"]["Variables"]
    assert ("WC_IMAGES_URL" in variables) == ("images" in spec.uses)
    if "images" in spec.uses:
        scheme, name = variables["WC_IMAGES_URL"]["Fn::Join"][1]
        stack, bucket = dev.follow("functions", name)
        assert scheme == "https://"
        assert "-images-" in str(dev.templates[stack]["Resources"][bucket]["Properties"]["BucketName"])


def test_no_role_may_do_anything_or_touch_everything(dev: Cloud) -> None:
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
                # Lambda's own calls of EC2 know no narrower resource; the same policy denies them to the code.
                if "ec2:CreateNetworkInterface" not in statement["Action"]:
                    assert statement["Resource"] != "*", (stack, id)


def test_the_code_of_a_function_may_not_use_its_interfaces_permissions(dev: Cloud, spec: FunctionSpec) -> None:
    allowed, denied = (
        next(each for each in dev.statements(spec.name) if each["Effect"] == effect and "ec2:" in str(each["Action"]))
        for effect in ("Allow", "Deny")
    )
    assert allowed["Action"] == denied["Action"]
    assert "function:wecelebrate-dev-*" in str(denied["Condition"]["ArnLike"]["lambda:SourceFunctionArn"])


def test_a_function_logs_into_a_group_that_forgets(dev: Cloud, spec: FunctionSpec) -> None:
    group = dev.function(spec.name)["LoggingConfig"]["LogGroup"]["Ref"]
    properties = dev.templates["functions"]["Resources"][group]["Properties"]
    assert properties["LogGroupName"] == f"/aws/lambda/wecelebrate-dev-{spec.name}"
    assert properties["RetentionInDays"] == 7


def test_a_queue_triggers_its_function_as_declared(dev: Cloud, spec: FunctionSpec) -> None:
    mappings = [
        each
        for each in dev.of_type("functions", "AWS::Lambda::EventSourceMapping").values()
        if dev.templates["functions"]["Resources"][each["FunctionName"]["Ref"]]["Properties"]["FunctionName"]
        == f"wecelebrate-dev-{spec.name}"
    ]
    fed_by = {
        dev.templates[stack]["Resources"][queue]["Properties"]["QueueName"]
        for stack, queue in (dev.follow("functions", mapping["EventSourceArn"]) for mapping in mappings)
    }
    assert fed_by == {f"wecelebrate-dev-{name}" for name in spec.consumes(SPECS.values())}
    for mapping in mappings:
        assert spec.queue is not None
        assert mapping["BatchSize"] == spec.queue.batch_size
        assert mapping.get("MaximumBatchingWindowInSeconds", 0) == spec.queue.window
        assert mapping["ScalingConfig"] == {"MaximumConcurrency": spec.queue.maximum_concurrency}
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_concurrency_is_reserved_in_prod_where_a_declaration_asks(dev: Cloud, prod: Cloud, spec: FunctionSpec) -> None:
    asked = "concurrency" in spec.model_fields_set and spec.queue is None
    assert prod.function(spec.name).get("ReservedConcurrentExecutions") == (spec.concurrency if asked else None)
    assert "ReservedConcurrentExecutions" not in dev.function(spec.name)


def test_the_schema_is_migrated_before_any_other_function_changes(dev: Cloud) -> None:
    (trigger,) = dev.of_type("functions", "Custom::Trigger")
    resources = dev.templates["functions"]["Resources"]
    for name in NAMES:
        (resource,) = (
            each
            for each in resources.values()
            if each.get("Properties", {}).get("FunctionName") == f"wecelebrate-dev-{name}"
        )
        assert (trigger in resource["DependsOn"]) == (SPECS[name].kind != "deploy")


def test_the_migration_trigger_carries_the_hash_of_the_schema(dev: Cloud, tmp_path: Path) -> None:
    trigger = dev.only("functions", "Custom::Trigger")
    assert trigger["Migrations"] == digest(SCHEMA)
    (tmp_path / "0001_first.sql").write_text("select 1;")
    before = digest(tmp_path)
    (tmp_path / "0002_second.sql").write_text("select 2;")
    assert digest(tmp_path) != before


@pytest.fixture(scope="module")
def scheduled(
    tmp_path_factory: pytest.TempPathFactory, specs: tuple[FunctionSpec, ...], stub_layers: Mapping[str, Layer]
) -> Cloud:
    """The platform with a schedule in a zone, a cache and mail, which no function of it uses so far."""
    folder = tmp_path_factory.mktemp("more") / "functions" / "schedules" / "sweep"
    folder.mkdir(parents=True)
    (folder / "handler.py").touch()
    (folder / "function.toml").write_text(
        'uses = ["cache", "email"]\n[schedule]\nexpression = "rate(1 minute)"\ntimezone = "Europe/Berlin"\n'
    )
    more = (*specs, FunctionSpec.read(folder))
    return synthesise(
        tmp_path_factory.mktemp("scheduled"), more, stub_layers, issuer="https://id.example", audience="wc"
    )


def test_a_schedule_calls_its_function(scheduled: Cloud) -> None:
    schedules = scheduled.of_type("functions", "AWS::Scheduler::Schedule").values()
    (schedule,) = (each for each in schedules if each["Name"] == "wecelebrate-dev-schedules-sweep")
    assert schedule["ScheduleExpression"] == "rate(1 minute)"
    assert schedule["ScheduleExpressionTimezone"] == "Europe/Berlin"
    _, target = scheduled.follow("functions", schedule["Target"]["Arn"])
    assert scheduled.templates["functions"]["Resources"][target]["Properties"]["FunctionName"].endswith("-sweep")


def test_no_template_holds_a_secret(scheduled: Cloud) -> None:
    variables = scheduled.function("schedules-sweep")["Environment"]["Variables"]
    assert variables["WC_CACHE_TOKEN"] == "{{resolve:secretsmanager:wecelebrate/dev/cache:SecretString:token::}}"
    signed = scheduled.function("api-me-read")["Environment"]["Variables"]["WC_SIGNING_KEY"]
    assert signed["Fn::Join"][1][0] == "{{resolve:secretsmanager:"


def test_an_issuer_that_exists_takes_the_place_of_the_user_pool(scheduled: Cloud) -> None:
    assert "identity" not in scheduled.templates
    variables = scheduled.function("api-storefront-read")["Environment"]["Variables"]
    assert variables["WC_ISSUER"] == "https://id.example"
    assert variables["WC_AUDIENCE"] == "wc"
    jwt = scheduled.only("api", "AWS::ApiGatewayV2::Authorizer")["JwtConfiguration"]
    assert jwt == {"Audience": ["wc"], "Issuer": "https://id.example"}


def test_code_is_the_folder_of_the_function_without_its_declaration(dev: Cloud) -> None:
    handlers = list(dev.folder.glob("asset.*/handler.py"))
    assert handlers
    assert not list(dev.folder.glob("asset.*/function.toml"))
    known = {spec.handler.read_bytes() for spec in functions(FUNCTIONS)}
    assert {handler.read_bytes() for handler in handlers} <= known
