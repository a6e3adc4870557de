"""The policy for scheduling, retrying and limiting deliveries."""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class DeliveryPolicy:
    """The limits and delays of webhook deliveries. Durations are in seconds."""

    retry_delays: tuple[int, ...] = (5, 30, 120, 900, 3_600, 10_800, 28_800, 43_200)
    """The delay after each failed attempt, in the order of the attempts. A delivery has at most nine attempts within a
    little more than 24 hours."""
    jitter: float = 0.1
    """The maximum random addition to a delay, as a fraction of the delay. With this addition, deliveries that failed
    together are not retried at the same time."""
    max_endpoints: int = 16
    """The largest number of endpoints to which one worker sends at the same time."""
    max_endpoints_per_client: int = 12
    """The largest number of endpoints of one client to which all workers together send at the same time. This number is
    lower than `max_endpoints`, so that one client cannot occupy all threads of a worker."""
    batch_size: int = 25
    """The largest number of deliveries that a worker claims with an endpoint. If the worker dies, at most this number
    of deliveries of the endpoint are sent twice."""
    batch_seconds: float = 15.0
    """After this time, a worker sends no further delivery of the batch, and releases the endpoint."""
    lease_seconds: int = 12
    """How long an endpoint is leased to a worker. If the worker dies, another worker continues after this time, plus at
    most the interval of the sweeper."""
    renew_seconds: float = 4.0
    """The time between two renewals of a worker's leases."""
    max_run_seconds: float = 60.0
    """How long after its start a worker claims further endpoints."""
    poll_seconds: float = 0.25
    """How often a worker looks for further due endpoints while it sends deliveries."""
    collect_seconds: float = 0.005
    """How long a worker waits for a further outcome after each outcome. One transaction then records all collected
    outcomes."""
    max_endpoint_pause: float = 60.0
    """The longest pause of an endpoint after failures. If the endpoint asks for a longer pause, the pause is longer."""
    disable_after_failures: int = 20
    """The number of consecutive failed attempts after which an endpoint can be disabled."""
    disable_after_seconds: int = 3 * 24 * 3600
    """An endpoint is disabled only if all of its attempts have failed for longer than this time."""
    log_length: int = 20
    """The largest number of attempts in the stored log of a delivery."""

    def retry_delay(self, failures: int) -> float | None:
        """Return the delay before the next attempt, in seconds, or None after the last attempt.

        `failures` is the number of failed attempts.
        """
        if failures > len(self.retry_delays):
            return None
        return self.retry_delays[failures - 1] * random.uniform(1, 1 + self.jitter)  # noqa: S311 - not a secret


POLICY = DeliveryPolicy()
