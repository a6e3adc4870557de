"""Tests that the page about cost equals the output of the program, and that its figures follow from the
declarations."""

from dataclasses import replace
from itertools import pairwise

import pytest

from infra import cost
from infra.cost import Choice
from infra.environments import ENVIRONMENTS
from infra.functions import ROOT, functions

SPECS = functions()
PROD = Choice(ENVIRONMENTS["prod"])


def test_the_cost_page_equals_the_output_of_the_cost_program() -> None:
    assert (ROOT / "docs" / "cost.md").read_text("utf-8") == cost.page()


def test_each_database_instance_costs_at_least_its_minimum_capacity() -> None:
    parts = cost.lines(PROD, SPECS)
    assert parts["database: minimum capacity"] == pytest.approx(2 * 3 * 730 * 0.12)
    assert parts["database: proxy"] == pytest.approx(8 * 0.015 * 730)
    assert parts["network: NAT gateways"] == pytest.approx(2 * 730 * 0.05)


def test_the_cost_of_requests_is_proportional_to_their_number() -> None:
    # Above one request in a second, X-Ray records a constant share of the further requests.
    totals = [cost.total(replace(PROD, requests=requests), SPECS) for requests in (3.0, 4.0, 5.0)]
    first, second = (later - earlier for earlier, later in pairwise(totals))
    assert first == pytest.approx(second)
    assert first > 0
    parts = cost.lines(PROD, SPECS)
    assert {parts[name] for name in ("CloudFront", "API Gateway", "functions", "Redis", "logs")} == {0.0}


def test_x_ray_records_one_request_in_each_second_and_a_share_of_the_others() -> None:
    traces = [cost.lines(replace(PROD, requests=requests), SPECS)["traces"] for requests in (0.0, 1.0, 102.628)]
    assert traces == pytest.approx([0.0, 5.0, 5.0 * (2.628 + 5.0)])


def test_a_setting_that_saves_money_is_in_the_cost_of_the_environment() -> None:
    without = cost._settings(PROD, proxy="off", traces=False)
    assert cost.lines(without, SPECS)["database: proxy"] == 0
    assert cost.lines(replace(without, requests=1.0), SPECS)["traces"] == 0


def test_provisioned_environments_cost_the_same_without_requests_but_snapstart_costs_more_with_requests() -> None:
    few, many = cost.faster_starts(SPECS, 1.0), cost.faster_starts(SPECS, 100.0)
    for way in few:
        assert (many[way] == pytest.approx(few[way])) == way.startswith("provisioned")
    assert few["SnapStart for all functions of the API"] > 100 * few["nothing: the starts themselves"]


def test_a_request_takes_longer_in_a_function_with_less_memory() -> None:
    assert cost.seconds_per_request(1769) == pytest.approx(0.0097)
    assert cost.seconds_per_request(512) > 2 * cost.seconds_per_request(1769)


def test_every_price_has_a_source_and_is_positive() -> None:
    for group in cost.PRICES.values():
        if isinstance(group, dict):
            assert group["source"].startswith("https://")
            assert all(value > 0 for name, value in group.items() if name != "source")
