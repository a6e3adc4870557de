"""Chooses the damaged records of an entity, and creates ids and times in the formats of the old applications."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.kv.store.truth import DAMAGES, Entity

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
START = datetime(2025, 1, 6, 8, tzinfo=UTC)
"""The time of the first document. All times depend only on the seed, and not on the clock."""
CATALOGS_PER_CLIENT = 2
SINGLE = frozenset(("gift_object_key", "gift_id_empty", "gift_id_wildcard", "gift_value_huge"))
"""The kinds of damage that affect only one document of a store. These documents have fixed keys."""
PAIRS = frozenset(("gift_sku_twice", "gift_id_of_another", "order_number_twice", "site_domain_twice"))
"""The kinds of damage that need a second, healthy record."""


@dataclass(frozen=True)
class Sizes:
    """The size of a generated store.

    damage: the share of an entity's records that each kind of damage affects. Each kind affects at least one record. If
    the share is 0, no record is damaged. whole_gifts: True if `gifts:all` contains whole documents, as in one version
    of the old application. Otherwise, it contains ids. huge: the size of the huge document, in bytes. If it is 0, the
    store has no huge document.
    """

    clients: int = 10
    sites: int = 20
    gifts: int = 200
    orders: int = 300
    damage: float = 0.02
    seed: int = 1
    whole_gifts: bool = False
    huge: int = 5_000_000

    def plan(self, entity: Entity) -> "Plan":
        """Choose the damaged records of an entity. Raise ValueError if the entity has too few records."""
        counts = {"client": self.clients, "site": self.sites, "product": self.gifts, "order": self.orders}
        count = counts.get(entity, CATALOGS_PER_CLIENT * self.clients)
        kinds = [
            kind
            for kind, damage in DAMAGES.items()
            if damage.entity == entity and kind not in SINGLE and damage.resolution != "list"
        ]
        return Plan(random.Random(f"{self.seed}:{entity}"), count, kinds, self.damage)


class Plan:
    """Assigns at most one kind of damage to each of `count` records.

    damaged: maps the number of a record to its damage healthy: the numbers of all other records, sorted partners: maps
    the number of a damaged record to the number of a healthy record. A damaged record can copy the order number, SKU or
    domain of its partner. The damaged record then has the greater number, and therefore the greater key.
    """

    def __init__(self, rng: random.Random, count: int, kinds: Sequence[str], rate: float) -> None:
        self.rng, self.count = rng, count
        self.per_kind = max(1, round(rate * count)) if rate else 0
        needed = self.per_kind * (len(kinds) + sum(kind in PAIRS for kind in kinds))
        if needed > 0.95 * count:
            raise ValueError(f"{count} records are too few: {len(kinds)} kinds of damage need {needed} records")
        numbers = iter(rng.sample(range(count), count))
        self.damaged: dict[int, str] = {}
        self.partners: dict[int, int] = {}
        for kind in kinds:
            for _ in range(self.per_kind):
                number = next(numbers)
                if kind in PAIRS:
                    partner, number = sorted((number, next(numbers)))
                    self.partners[number] = partner
                self.damaged[number] = kind
        self.healthy = sorted(set(range(count)) - self.damaged.keys())


def base36(number: int, width: int = 0) -> str:
    """Return a number in the notation of JavaScript's `toString(36)`."""
    digits = ""
    while number:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits.rjust(width, "0")


def letters(rng: random.Random, count: int) -> str:
    """Return a random suffix, as `Math.random().toString(36)` does."""
    return base36(rng.randrange(36**count), count)


def moment(number: int, step: float = 60) -> datetime:
    """Return the time of the document with this number."""
    return START + timedelta(seconds=number * step, milliseconds=number % 1000)


def milliseconds(time: datetime) -> int:
    """Return the time as `Date.now()` does."""
    return round(time.timestamp() * 1000)


def iso(time: datetime) -> str:
    """Return the time as `toISOString()` does."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03}Z"


def in_words(time: datetime) -> str:
    """Return the time as `toLocaleDateString("en-US", …)` does, e.g. `February 20, 2026`."""
    return f"{time:%B} {time.day}, {time.year}"
