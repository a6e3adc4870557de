"""The requests of each route of the local gateway: their number, their errors and their durations.

On AWS, the metrics of API Gateway for each route have the same figures.
"""

import time
from collections import deque
from dataclasses import dataclass, field

PATH = "/_local/figures"
"""The path at which the gateway answers with the figures."""
_DURATIONS = 500
"""The percentiles of a route are computed from at most this number of its latest requests."""


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
        """Record a response. `begun` is the time of `time.perf_counter` at which the request began."""
        figures = self._routes.setdefault(route, _Route())
        figures.requests += 1
        figures.errors_4xx += 400 <= status < 500
        figures.errors_5xx += status >= 500
        figures.milliseconds.append((time.perf_counter() - begun) * 1000)

    def document(self) -> dict[str, dict[str, float]]:
        """Return the figures of each route that has answered a request."""
        return {
            route: {
                "requests": figures.requests,
                "4xx": figures.errors_4xx,
                "5xx": figures.errors_5xx,
                **percentiles(figures.milliseconds),
            }
            for route, figures in sorted(self._routes.items())
        }


def percentiles(milliseconds: "deque[float] | list[float]") -> dict[str, float]:
    """Return the percentiles of durations, with the nearest-rank method. Without durations, the result is empty."""
    ordered = sorted(milliseconds)
    if not ordered:
        return {}
    return {f"p{share}": round(ordered[-(-len(ordered) * share // 100) - 1], 1) for share in (50, 95, 99)}
