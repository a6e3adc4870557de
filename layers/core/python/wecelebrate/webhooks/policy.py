"""The policy for scheduling, retrying and limiting deliveries."""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class DeliveryPolicy:
    """The limits and delays of webhook deliveries. Durations are in seconds."""

    retry_delays: tuple[int, ...] = (5, 30, 120, 900, 3_600, 10_800, 28_800, 43_200)
    """The delays after the first, the second and each further failed attempt. There are at most nine attempts for a
    delivery, within a little more than 24 hours."""
    jitter: float = 0.1
    """The largest random addition to a delay, as a fraction of the delay. Because of this addition, deliveries that
    failed together are not all retried at the same time."""
    max_endpoints: int = 16
    """The largest number of endpoints to which one worker sends at the same time."""
    max_endpoints_per_client: int = 12
    """The largest number of endpoints of one client to which all workers together send at the same time. This number is
    lower than `max_endpoints`, so that one client cannot occupy all threads of a worker."""
    batch_size: int = 25
    """The largest number of deliveries that are claimed together with an endpoint. If a worker dies, at most this many
    deliveries of the endpoint are sent twice."""
    batch_seconds: float = 15.0
    """After this time, a worker sends no further delivery of the batch, and releases the endpoint."""
    lease_seconds: int = 12
    """How long an endpoint is leased to a worker. If the worker dies, another worker continues within this time, plus
    the interval of the sweeper."""
    renew_seconds: float = 4.0
    """The time between two renewals of a worker's leases."""
    max_run_seconds: float = 60.0
    """The time after the start of a worker during which the worker claims further endpoints."""
    poll_seconds: float = 0.25
    """While a worker sends, it also checks for further due endpoints. This is the time between two of these checks."""
    collect_seconds: float = 0.005
    """After each outcome, a worker waits this long for a further outcome. One transaction records all collected
    outcomes."""
    max_endpoint_pause: float = 60.0
    """The longest pause of an endpoint after failures, unless the endpoint itself asks for a longer pause."""
    disable_after_failures: int = 20
    """The number of failed attempts in a row after which an endpoint can be disabled."""
    disable_after_seconds: int = 3 * 24 * 3600
    """An endpoint is disabled only if its attempts have failed for longer than this time, with no success in
    between."""
    log_length: int = 20
    """The largest number of attempts that are stored with a delivery."""

    def retry_delay(self, failures: int) -> float | None:
        """Return the seconds until the next attempt. `failures` is the number of failed attempts.

        It returns None after the last attempt.
        """
        if failures > len(self.retry_delays):
            return None
        return self.retry_delays[failures - 1] * random.uniform(1, 1 + self.jitter)  # noqa: S311 - not a secret


POLICY = DeliveryPolicy()
