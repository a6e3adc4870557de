"""How deliveries are scheduled, retried and limited."""

import random
from dataclasses import dataclass


@dataclass(frozen=True)
class DeliveryPolicy:
    """The limits and delays of webhook deliveries. Durations are in seconds."""

    retry_delays: tuple[int, ...] = (5, 30, 120, 900, 3_600, 10_800, 28_800, 43_200)
    """Until the next attempt, by the number of failed attempts: nine attempts over more than 24 hours."""
    jitter: float = 0.1
    """The largest share that is added to a delay at random, so that deliveries that failed together do not all retry
    at the same moment."""
    max_endpoints: int = 16
    """Endpoints that one worker sends to at once."""
    max_endpoints_per_client: int = 12
    """Endpoints of one client that all workers send to at once, so that no client occupies all threads of a worker."""
    batch_size: int = 25
    """Deliveries that are claimed with an endpoint. A worker that dies has sent at most these without recording it."""
    batch_seconds: float = 15.0
    """After this time an endpoint is released before its next delivery."""
    lease_seconds: int = 60
    """How long an endpoint is leased to a worker. It is much longer than `batch_seconds` and one attempt."""
    max_run_seconds: float = 60.0
    """How long a worker claims further endpoints for one message."""
    poll_seconds: float = 0.25
    """Between two checks for due endpoints, while other endpoints are being sent to."""
    collect_seconds: float = 0.005
    """How long to wait for further outcomes after the first, to record them in one transaction."""
    max_endpoint_pause: float = 60.0
    """The longest pause of an endpoint after failures, unless the endpoint asks for a longer one."""
    disable_after_failures: int = 20
    """An endpoint is disabled after this number of failed attempts in a row …"""
    disable_after_seconds: int = 3 * 24 * 3600
    """… if the first of them is also this long ago."""
    log_length: int = 20
    """Attempts that are kept with a delivery."""

    def retry_delay(self, failures: int) -> float | None:
        """Seconds until the next attempt after a number of failed attempts. None: there is no further attempt."""
        if failures > len(self.retry_delays):
            return None
        return self.retry_delays[failures - 1] * random.uniform(1, 1 + self.jitter)  # noqa: S311 - no secret


POLICY = DeliveryPolicy()
