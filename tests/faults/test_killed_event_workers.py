"""Messages with events are repeated and shuffled, and workers are killed. Each event is still stored exactly once."""

import random
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from tests.faults.environment import FULL
from tests.faults.figures import Figure
from tests.faults.jobs import signal_workers
from tests.platform import Json, Platform, Tenant
from wecelebrate.events.messages import row_id

pytestmark = pytest.mark.slow

MESSAGES = 2_000 if FULL else 60
"""The number of different messages: 2,000 with `make faults`, otherwise 60."""
EVENTS = 10
"""The number of events in each message."""
MAX_DELIVERIES = 4
KILLS = 100 if FULL else 3
SLOW_INSERTS = """
create function public.slow_insert() returns trigger language plpgsql as
$$ begin perform pg_sleep(0.02); return null; end $$;
create trigger slow_insert after insert on analytics_events for each statement execute function public.slow_insert()
"""


def message(tenant: Tenant, number: int) -> Json:
    """Return a message with new events. Each event happened one second after the previous event."""
    rows = []
    accepted_at = datetime.now(UTC)
    for position in range(EVENTS):
        event_id = uuid4()
        sequence = number * EVENTS + position
        rows.append(
            {
                "id": str(row_id(UUID(tenant.client_id), event_id, accepted_at)),
                "event_id": str(event_id),
                "client_id": tenant.client_id,
                "site_id": tenant.site_id,
                "event_type": "page_view",
                "session_id": None,
                "user_id": None,
                "event_data": {"sequence": sequence},
                "is_anonymous": True,
                "is_time_clamped": False,
                "created_at": (accepted_at - timedelta(days=1) + timedelta(seconds=sequence)).isoformat(),
                "accepted_at": accepted_at.isoformat(),
            }
        )
    return {"events": rows}


@pytest.mark.timeout(3600)
def test_each_event_is_stored_once_if_messages_are_repeated_and_workers_are_killed(
    own_platform: Platform, figure: Figure
) -> None:
    platform, dice = own_platform, random.Random(7)
    tenants = [platform.tenant() for _ in range(3)]
    platform.database.execute(SLOW_INSERTS)
    messages = [message(tenants[number % 3], number) for number in range(MESSAGES)]
    deliveries = [each for each in messages for _ in range(dice.randint(1, MAX_DELIVERIES))]
    dice.shuffle(deliveries)
    kills = 0
    for number, each in enumerate(deliveries):
        platform.send("events", each)
        if kills < KILLS and number % (len(deliveries) // KILLS) == 0:
            platform.eventually(lambda: signal_workers(platform, "events"), within=60, every=0.005)
            kills += 1
            time.sleep(dice.uniform(0, 0.05))
    # SQS delivers the messages of killed workers again after 35 s. The test sends all messages again, which is faster.
    dice.shuffle(messages)
    for each in messages:
        platform.send("events", each)
    counts: Counter[int] = Counter()

    def all_stored() -> bool:
        rows = platform.database.execute("select event_data ->> 'sequence' as n from analytics_events").fetchall()
        counts.clear()
        counts.update(int(row["n"]) for row in rows)
        return len(counts) == MESSAGES * EVENTS

    platform.eventually(all_stored, within=600, every=0.5)
    assert set(counts.values()) == {1}
    receipts = platform.database.execute("select count(*)::int as n from event_receipts").fetchone()
    assert receipts == {"n": MESSAGES * EVENTS}
    disordered = platform.database.execute(
        "select count(*)::int as n from ("
        "  select (event_data ->> 'sequence')::int"
        "    < lag((event_data ->> 'sequence')::int) over (partition by client_id order by created_at) as early"
        "  from analytics_events"
        ") ordered where early"
    ).fetchone()
    assert disordered == {"n": 0}, "the stored times must have the order of the events"
    figure("killed event workers", kills, "kills")
    figure("killed event workers: deliveries", len(deliveries) + MESSAGES, "messages")
