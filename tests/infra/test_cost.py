"""Tests that the cost page equals the output of the cost program, and that its figures are computed from the
declarations."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest

from infra import cost, cost_model
from infra.cost_model import Choice
from infra.environments import ENVIRONMENTS
from infra.functions import ROOT, functions
from infra.http_api import APIS
from tests.infra.aws.conftest import prod, specs, stub_layers
from tests.infra.aws.templates import Templates

__all__ = ["prod", "specs", "stub_layers"]

SPECS = functions()
PROD = Choice(ENVIRONMENTS["prod"])


def test_the_cost_page_equals_the_output_of_the_cost_program() -> None:
    assert (ROOT / "docs" / "cost.md").read_text("utf-8") == cost.page()


def test_each_database_instance_costs_at_least_its_minimum_capacity() -> None:
    parts = cost_model.lines(PROD, SPECS)
    assert parts["database: minimum capacity"] == pytest.approx(2 * 3 * 730 * 0.12)
    assert parts["database: proxy"] == pytest.approx(8 * 0.015 * 730)
    assert parts["network: NAT gateways"] == pytest.approx(2 * 730 * 0.05)


def test_the_cost_of_requests_is_proportional_to_their_number() -> None:
    # X-Ray records the first request of each second, and a constant share of the further requests.
    totals = [cost_model.total(replace(PROD, requests=requests), SPECS) for requests in (3.0, 4.0, 5.0)]
    first, second = (later - earlier for earlier, later in pairwise(totals))
    assert first == pytest.approx(second)
    assert first > 0
    parts = cost_model.lines(PROD, SPECS)
    assert {parts[name] for name in ("CloudFront", "API Gateway", "functions", "Redis", "logs")} == {0.0}


def test_the_highest_cost_of_prod_is_computed_from_its_templates(prod: Templates) -> None:
    most = cost_model.highest(PROD.environment, SPECS)
    cluster = prod.only("data", "AWS::RDS::DBCluster")
    instances = len(prod.of_type("data", "AWS::RDS::DBInstance"))
    units = cluster["ServerlessV2ScalingConfiguration"]["MaxCapacity"] * instances
    assert most["database: maximum capacity"] == pytest.approx(units * 0.12)
    assert most["database: proxy"] == pytest.approx(units * 0.015)
    stages = [stage for api in APIS for stage in prod.of_type(api.name, "AWS::ApiGatewayV2::Stage").values()]
    rate = sum(stage["DefaultRouteSettings"]["ThrottlingRateLimit"] for stage in stages)
    assert cost_model.requests_per_second(PROD.environment, SPECS) == rate

    resources = prod.of_type("functions", "AWS::Lambda::Function").values()
    declared = {f"wecelebrate-prod-{spec.name}": spec for spec in SPECS}
    reserved = {each["FunctionName"]: each.get("ReservedConcurrentExecutions", 0) for each in resources
                if each.get("FunctionName") in declared}  # fmt: skip
    memory = {each["FunctionName"]: each["MemorySize"] for each in resources if each.get("FunctionName") in declared}
    sources = prod.of_type("functions", "AWS::Lambda::EventSourceMapping").values()
    workers = sum(source["ScalingConfig"]["MaximumConcurrency"] for source in sources)
    gigabytes = cost_model.busy_gigabytes(PROD.environment, SPECS)
    rest = PROD.environment.concurrency - sum(reserved.values())
    largest = max(memory[name] for name, spec in declared.items() if spec.kind == "api")
    least = (sum(reserved[name] * memory[name] for name in reserved) + (rest - workers) * largest) / 1024
    assert least < gigabytes < least + (workers + len(SPECS)) * max(memory.values()) / 1024
    invocations = most["functions: all concurrent invocations"]
    assert invocations == pytest.approx(gigabytes * 3600 * 0.0000133334)


def test_a_small_account_limits_the_memory_of_functions_and_the_requests() -> None:
    dev = ENVIRONMENTS["dev"]
    assert cost_model.busy_gigabytes(dev, SPECS) <= dev.concurrency * max(spec.memory for spec in SPECS) / 1024
    storefront = next(spec for spec in SPECS if spec.name == "api-storefront-read")
    seconds = cost_model.seconds_per_request(storefront.memory)
    assert cost_model.requests_per_second(dev, SPECS) == pytest.approx(dev.concurrency / seconds)


def test_the_highest_cost_exceeds_the_cost_of_the_busiest_hour() -> None:
    for environment in ENVIRONMENTS.values():
        most = cost_model.highest(environment, SPECS)
        requests = cost_model.requests_per_second(environment, SPECS) * 3600 * 730 / 1e6
        usual = cost_model.total(Choice(environment, requests=requests), SPECS) / 730
        assert usual < sum(most.values())
        assert min(most.values()) > 0


def test_the_page_states_when_the_default_budget_of_each_environment_is_used_up() -> None:
    page = " ".join(cost.page().split())
    budgets, hours = re.findall(r"budget` of a month \((.*?)\) is used up after (.*?)\. AWS", page)[0]
    assert budgets == "600 USD in dev, 600 USD in staging and 1,600 USD in prod"
    used_up = {name: int(value) for value, name in re.findall(r"(\d+) hours in (\w+)", hours)}
    assert list(used_up) == list(ENVIRONMENTS)
    for name, environment in ENVIRONMENTS.items():
        assert used_up[name] > 0
        assert used_up[name] == round(environment.budget / sum(cost_model.highest(environment, SPECS).values()))


def test_cached_responses_cost_more_than_refused_requests() -> None:
    assert cost_model.refused() == pytest.approx(1.6)
    assert cost_model.cached() == pytest.approx(1.6 + 4e6 / 1024**2 * 0.085)
    assert f"{3.6 * cost_model.cached():.2f} USD if the cache of CloudFront answers them" in cost.page().replace(
        "\n", " "
    )


def test_x_ray_records_one_request_per_second_and_a_share_of_all_further_requests() -> None:
    traces = [cost_model.lines(replace(PROD, requests=requests), SPECS)["traces"] for requests in (0.0, 1.0, 102.628)]
    assert traces == pytest.approx([0.0, 5.0, 5.0 * (2.628 + 5.0)])


def test_a_setting_can_reduce_the_cost_of_an_environment() -> None:
    without = cost._settings(PROD, proxy="off", traces=False)
    assert cost_model.lines(without, SPECS)["database: proxy"] == 0
    assert cost_model.lines(replace(without, requests=1.0), SPECS)["traces"] == 0


def test_the_cost_of_provisioned_concurrency_does_not_depend_on_the_requests() -> None:
    few, many = cost_model.faster_starts(SPECS, 1.0), cost_model.faster_starts(SPECS, 100.0)
    for way in few:
        assert (many[way] == pytest.approx(few[way])) == way.startswith("provisioned")
    assert few["SnapStart for all functions of the API"] > 100 * few["nothing: the starts themselves"]


def test_a_request_takes_longer_in_a_function_with_less_memory() -> None:
    assert cost_model.seconds_per_request(1769) == pytest.approx(0.0097)
    assert cost_model.seconds_per_request(512) > 2 * cost_model.seconds_per_request(1769)


def test_every_price_has_a_source_and_is_positive() -> None:
    for group in cost_model.PRICES.values():
        if isinstance(group, dict):
            assert group["source"].startswith("https://")
            assert all(value > 0 for name, value in group.items() if name != "source")
