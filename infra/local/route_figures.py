"""Collects figures of each route of the local gateway: the number of requests, the errors and the durations.

On AWS, API Gateway publishes the same figures as metrics of each route.
"""

import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

PATH = "/_local/figures"
"""The path at which the gateway answers with the figures."""
_DURATIONS = 500
"""The maximum number of durations that are kept for each route, the latest first."""


@dataclass
class _Route:
    requests: int = 0
    errors_4xx: int = 0
    errors_5xx: int = 0
    milliseconds: deque[float] = field(default_factory=lambda: deque(maxlen=_DURATIONS))


class RouteFigures:
    """Collects the figures since the start of the gateway."""

    def __init__(self) -> None:
        self._routes: dict[str, _Route] = {}

    def record(self, route: str, status: int, begun: float) -> None:
        """Record a response. `begun` is the value of `time.perf_counter` at the start of the request."""
        figures = self._routes.setdefault(route, _Route())
        figures.requests += 1
        figures.errors_4xx += 400 <= status < 500
        figures.errors_5xx += status >= 500
        figures.milliseconds.append((time.perf_counter() - begun) * 1000)

    def document(self) -> "RouteTotals":
        """Return the figures of each route that has answered a request."""
        return {
            route: {
                "requests": figures.requests,
                "4xx": figures.errors_4xx,
                "5xx": figures.errors_5xx,
                "milliseconds": [round(value, 1) for value in figures.milliseconds],
            }
            for route, figures in sorted(self._routes.items())
        }


RouteTotals = dict[str, dict[str, Any]]
"""The figures of each route since the start of the gateway, and the durations of its latest requests."""


def difference(totals: RouteTotals, before: RouteTotals) -> dict[str, dict[str, float]]:
    """Return the figures of the requests between two documents, for each route that had a request.

    The percentiles come from the latest durations, of which the gateway keeps a limited number.
    """
    routes = {}
    for route, total in totals.items():
        earlier = before.get(route)
        if earlier is None or earlier["requests"] > total["requests"]:  # the gateway was restarted
            earlier = {"requests": 0, "4xx": 0, "5xx": 0}
        if requests := total["requests"] - earlier["requests"]:
            errors = {name: total[name] - earlier[name] for name in ("4xx", "5xx")}
            routes[route] = {"requests": requests, **errors, **percentiles(total["milliseconds"][-requests:])}
    return routes


def percentiles(milliseconds: "deque[float] | list[float]") -> dict[str, float]:
    """Return the percentiles of durations by the nearest-rank method. Without durations, the result is empty."""
    ordered = sorted(milliseconds)
    if not ordered:
        return {}
    return {f"p{share}": round(ordered[-(-len(ordered) * share // 100) - 1], 1) for share in (50, 95, 99)}
