"""Tests that each part of the platform has alarms, and that the runbook and the code contain the names that alarms
use."""

import ast
import re
from pathlib import Path
from typing import Any, get_args

from infra.aws.alarms import api_alarms, database_alarms, function_alarms, platform_alarms, queue_alarms
from infra.environments import get_environment
from infra.functions import FUNCTIONS, ROOT, FunctionSpec, functions
from infra.http_api import APIS, MAIN_API
from tests.infra.aws.templates import Resource, Templates
from wecelebrate.core.metrics import Name

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text("utf-8")
CORE = ROOT / "layers" / "core" / "python" / "wecelebrate"

COUNTING = ("metrics.count", "count", "metrics.highest", "highest")
"""The calls that record a metric."""


def alarms(cloud: Templates) -> dict[str, Resource]:
    created = cloud.of_type("monitoring", "AWS::CloudWatch::Alarm").values()
    return {alarm["AlarmName"].removeprefix("wecelebrate-dev-"): alarm for alarm in created}


def dimensions(alarm: Resource) -> dict[str, Any]:
    return {dimension["Name"]: dimension["Value"] for dimension in alarm.get("Dimensions", [])}


def counted() -> dict[str, set[str]]:
    """Return the metrics that the code records, each with its dimensions."""
    metrics: dict[str, set[str]] = {}
    for file in CORE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in COUNTING and node.args:
                name = node.args[0]
                if isinstance(name, ast.Constant) and isinstance(name.value, str):
                    named = {each.arg: each.value for each in node.keywords}
                    dimension = named.get("dimension", node.args[2] if len(node.args) > 2 else None)
                    text = dimension.value if isinstance(dimension, ast.Constant) else ""
                    metrics.setdefault(name.value, set()).add(str(text))
    return metrics


def test_the_last_stack_has_an_output_with_the_release(dev: Templates) -> None:
    assert {template["Outputs"]["release"]["Value"] for template in dev.templates.values()} == {"unknown"}


def test_the_first_stack_has_an_output_with_the_newest_release(dev: Templates) -> None:
    assert dev.templates["network"]["Outputs"]["SchemaRelease"]["Value"] == "unknown"


def test_every_function_has_alarms_for_errors_and_throttles_and_durations(
    dev: Templates, specs: tuple[FunctionSpec, ...]
) -> None:
    for spec in specs:
        for kind in ("errors", "throttles", "slow"):
            assert dimensions(alarms(dev)[f"{kind}-{spec.name}"]) == {"FunctionName": f"wecelebrate-dev-{spec.name}"}
        slow = alarms(dev)[f"slow-{spec.name}"]["Threshold"]
        assert spec.timeout * 1000 * 0.9 <= slow < spec.timeout * 1000


def test_every_queue_has_alarms_for_its_oldest_message_and_its_dead_letters(
    dev: Templates, specs: tuple[FunctionSpec, ...]
) -> None:
    for spec in specs:
        if spec.has_queue:
            age = dimensions(alarms(dev)[f"queue-age-{spec.queue_name}"])
            assert age == {"QueueName": f"wecelebrate-dev-{spec.queue_name}"}
            dead = alarms(dev)[f"dead-letters-{spec.queue_name}"]
            assert dimensions(dead) == {"service": "platform", "queue": spec.queue_name}
            assert dead["Threshold"] == 1


def test_every_api_has_an_alarm_for_errors(
    dev: Templates,
) -> None:
    for api in APIS:
        suffix = "" if api == MAIN_API else f"-{api.name}"
        errors = alarms(dev)[f"api-errors{suffix}"]
        assert (errors["MetricName"], errors["Threshold"]) == ("5xx", api.max_errors)
        stack, id = dev.follow("monitoring", dimensions(errors)["ApiId"])
        assert (stack, dev.templates[stack]["Resources"][id]["Type"]) == (api.name, "AWS::ApiGatewayV2::Api")
    latency = {name for name in alarms(dev) if name.startswith("api-latency")}
    assert latency == {"api-latency", "api-latency-storefront-api"}


def test_the_dashboard_shows_the_requests_of_each_api(dev: Templates) -> None:
    body = str(dev.only("monitoring", "AWS::CloudWatch::Dashboard")["DashboardBody"])
    for api in APIS:
        for metric in ("Count", "4xx", "5xx", "Latency p99"):
            assert f"{api.name}: {metric}" in body


def test_every_type_of_alarm_has_a_paragraph_in_the_runbook(dev: Templates) -> None:
    environment = get_environment("dev")
    specs = functions()
    kinds = {
        alarm.kind
        for alarm in (
            *function_alarms(environment, specs),
            *queue_alarms(environment, specs),
            *database_alarms(environment),
            *api_alarms({api.name: api.name for api in APIS}),
            *platform_alarms(environment),
        )
    } | {"canary"}
    paragraphs = set(re.findall(r"^\*\*Alarm ([a-z-]+)\.\*\*", RUNBOOK, flags=re.MULTILINE))
    assert paragraphs == kinds
    for name, alarm in alarms(dev).items():
        match = re.search(r"See docs/runbook.md, Alarm ([a-z-]+)\.$", alarm["AlarmDescription"])
        assert match
        assert name == match[1] or name.startswith(f"{match[1]}-")
        assert match[1] in paragraphs


def test_the_code_records_each_custom_metric_of_an_alarm_with_the_same_dimensions(
    dev: Templates,
) -> None:
    metrics = counted()
    custom = [alarm for alarm in alarms(dev).values() if alarm["Namespace"] == "wecelebrate"]
    assert {alarm["MetricName"] for alarm in custom} >= {"DeadLetters", "Heartbeat", "MailsBounced"}
    for alarm in custom:
        (dimension,) = dimensions(alarm).keys() - {"service"} or {""}
        assert dimension in metrics[alarm["MetricName"]], alarm["AlarmName"]


def test_the_service_dimension_of_each_alarm_is_a_function_or_the_platform(dev: Templates) -> None:
    names = {spec.name for spec in functions(FUNCTIONS)} | {"platform"}
    services = {dimensions(alarm).get("service") for alarm in alarms(dev).values()} - {None}
    assert services <= names


def test_missing_metrics_of_the_sweeper_or_the_heartbeat_or_the_canary_raise_an_alarm(dev: Templates) -> None:
    for name in ("sweeper-stopped", "heartbeat-stopped", "canary"):
        alarm = alarms(dev)[name]
        assert (alarm["ComparisonOperator"], alarm["TreatMissingData"]) == ("LessThanThreshold", "breaching")


def test_every_alarm_sends_a_message_when_it_starts_and_when_it_ends(dev: Templates) -> None:
    (topic,) = dev.of_type("monitoring", "AWS::SNS::Topic")
    for alarm in alarms(dev).values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": topic}]


def test_the_alarm_topic_forwards_messages_of_cloudwatch_and_budgets_by_mail(dev: Templates, named: Templates) -> None:
    policy = dev.only("monitoring", "AWS::SNS::TopicPolicy")["PolicyDocument"]["Statement"]
    (allowed,) = (statement for statement in policy if statement["Effect"] == "Allow")
    assert allowed["Principal"]["Service"] == ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]
    assert dev.of_type("monitoring", "AWS::SNS::Subscription") == {}
    subscription = named.only("monitoring", "AWS::SNS::Subscription")
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "ops@example.com")


def test_the_health_check_requests_the_public_url_of_the_api(dev: Templates, named: Templates) -> None:
    config = named.only("monitoring", "AWS::Route53::HealthCheck")["HealthCheckConfig"]
    assert config["FullyQualifiedDomainName"] == "api.example.com"
    assert (config["Type"], config["ResourcePath"]) == ("HTTPS", "/v1/health")
    assert any("GET /v1/health" in spec.routes for spec in functions())
    host = dev.only("monitoring", "AWS::Route53::HealthCheck")["HealthCheckConfig"]["FullyQualifiedDomainName"]
    assert dev.follow("monitoring", host)[0] == "edge"


def test_the_budget_warns_about_the_actual_cost_and_the_forecast_cost(named: Templates) -> None:
    budget = named.only("monitoring", "AWS::Budgets::Budget")
    assert budget["Budget"]["BudgetLimit"] == {"Amount": 300, "Unit": "USD"}
    assert budget["Budget"]["CostFilters"] == {"TagKeyValue": ["user:environment$dev"]}
    kinds = [each["Notification"]["NotificationType"] for each in budget["NotificationsWithSubscribers"]]
    assert kinds == ["ACTUAL", "FORECASTED"]


def test_the_dashboard_shows_each_custom_metric_of_the_code(dev: Templates) -> None:
    body = str(dev.only("monitoring", "AWS::CloudWatch::Dashboard")["DashboardBody"])
    shown = {name for name in get_args(Name) if name in body}
    alarmed = {alarm["MetricName"] for alarm in alarms(dev).values()}
    assert shown | alarmed >= set(get_args(Name))


def test_the_dashboard_shows_all_required_figures(dev: Templates) -> None:
    body = str(dev.only("monitoring", "AWS::CloudWatch::Dashboard")["DashboardBody"])
    searches = [part for part in body.split("SEARCH(") if "DatabaseMilliseconds" in part.partition(")")[0]]
    assert [re.search(r"(p\d\d)", each.partition(")")[0])[1] for each in searches] == ["p50", "p95", "p99"]  # type: ignore[index]
    for text in (
        "ApiId,Method,Resource,Stage",  # the latency and the errors of each route
        "FreeableMemory",
        "MemoryPercent",
        "SyncAgeSeconds",
        "hit rate",
        "EstimatedCharges",
        "ApproximateAgeOfOldestMessage",
        "DatabaseConnectionsCurrentlySessionPinned",
        "AuroraReplicaLagMaximum",
        "CPUUtilization",
    ):
        assert text in body, text
    for title in (
        "Slowest routes: p95 (ms)",
        "Routes with errors: 5xx",
        "Time of workers (ms)",
        "Hit rate of the cache (%)",
    ):
        assert title in body, title


def test_metrics_of_dead_letters_have_the_dimensions_of_their_alarm(capsys: Any) -> None:
    import json

    from wecelebrate.core import metrics

    metrics.count("DeadLetters", dimension="queue", of="catalog-syncs")
    metrics.count("Heartbeat")
    metrics.flush()
    emitted = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    (dead,) = (line for line in emitted if "DeadLetters" in line)
    assert (dead["service"], dead["queue"], dead["DeadLetters"]) == ("platform", "catalog-syncs", [1.0])
    assert dead["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service", "queue"]] or sorted(
        dead["_aws"]["CloudWatchMetrics"][0]["Dimensions"][0]
    ) == ["queue", "service"]


def test_the_runbook_names_only_resources_that_exist(dev: Templates) -> None:
    assert Path(ROOT / "docs" / "runbook.md").is_file()
    text = str(dev.templates)
    for name in re.findall(r"`(?:/[\w/]+/)?wecelebrate-<env>-([a-z-]+)`", RUNBOOK):
        assert name in ("api", "edge") or f"wecelebrate-dev-{name}" in text, name
