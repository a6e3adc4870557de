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


def test_the_page_equals_the_output_of_the_program() -> None:
    assert (ROOT / "docs" / "cost.md").read_text("utf-8") == cost.page()


def test_the_database_costs_its_minimum_capacity_for_each_instance() -> None:
    parts = cost.lines(PROD, SPECS)
    assert parts["database: minimum capacity"] == pytest.approx(2 * 3 * 730 * 0.12)
    assert parts["database: proxy"] == pytest.approx(8 * 0.015 * 730)
    assert parts["network: NAT gateways"] == pytest.approx(2 * 730 * 0.05)


def test_the_cost_of_requests_is_proportional_to_their_number() -> None:
    totals = [cost.total(replace(PROD, requests=requests), SPECS) for requests in (1.0, 2.0, 3.0)]
    first, second = (later - earlier for earlier, later in pairwise(totals))
    assert first == pytest.approx(second)
    assert first > 0
    parts = cost.lines(PROD, SPECS)
    assert {parts[name] for name in ("CloudFront", "API Gateway", "functions", "Redis", "logs")} == {0.0}


def test_a_request_takes_longer_in_a_function_with_less_memory() -> None:
    assert cost.seconds_per_request(1769) == pytest.approx(0.0097)
    assert cost.seconds_per_request(512) > 2 * cost.seconds_per_request(1769)


def test_every_price_has_a_source_and_is_positive() -> None:
    for group in cost.PRICES.values():
        if isinstance(group, dict):
            assert group["source"].startswith("https://")
            assert all(value > 0 for name, value in group.items() if name != "source")
