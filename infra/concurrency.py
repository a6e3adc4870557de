"""Divides the concurrent invocations of an AWS account among the queues and the functions that have a reservation."""

from collections.abc import Iterable, Mapping

from infra.functions import FunctionSpec

MIN_UNRESERVED_CONCURRENCY = 100
"""The part of an account's concurrency that functions cannot reserve. AWS sets this limit."""


def with_workers(specs: Iterable[FunctionSpec], workers: Mapping[str, int]) -> tuple[FunctionSpec, ...]:
    """Return the functions. Their numbers of workers are replaced by the numbers that the operator has set.

    workers: maps functions to the maximum numbers of their workers. Raises ValueError if a function has no queue.
    """
    specs = tuple(specs)
    consumers = {spec.name for spec in specs if spec.queue}
    if unknown := sorted(workers.keys() - consumers):
        raise ValueError(f"`workers`: {', '.join(unknown)} has no queue; use one of {', '.join(sorted(consumers))}")
    return tuple(_with_maximum(spec, workers[spec.name]) if spec.name in workers else spec for spec in specs)


def _with_maximum(spec: FunctionSpec, workers: int) -> FunctionSpec:
    assert spec.queue is not None
    return spec.model_copy(update={"queue": spec.queue.model_copy(update={"maximum_concurrency": workers})})


def bounded(specs: Iterable[FunctionSpec], concurrency: int) -> tuple[FunctionSpec, ...]:
    """Limit the workers of all queues together to half of the account's concurrency, and return the changed functions.

    concurrency: the number of concurrent invocations that AWS allows in the account. A new account has only 10, and
    without the limit, the queues would use all of them. AWS requires at least 2 workers for each queue.
    """
    specs = tuple(specs)
    declared = sum(spec.queue.maximum_concurrency for spec in specs if spec.queue)
    share = min(1.0, concurrency / 2 / max(declared, 1))

    def bound(spec: FunctionSpec) -> FunctionSpec:
        if spec.queue is None or share == 1:
            return spec
        return _with_maximum(spec, max(2, int(spec.queue.maximum_concurrency * share)))

    return tuple(bound(spec) for spec in specs)


def reserved_concurrency(specs: Iterable[FunctionSpec], concurrency: int) -> Mapping[str, int]:
    """Return a mapping from function to the concurrency that AWS reserves for it.

    If the concurrency of the account is too low, the mapping is empty, because AWS requires that 100 invocations stay
    unreserved. A function with a queue needs no reservation, because its trigger limits the number of its workers.
    """
    reserved = {
        spec.name: spec.concurrency for spec in specs if "concurrency" in spec.model_fields_set and spec.queue is None
    }
    return reserved if concurrency - sum(reserved.values()) >= MIN_UNRESERVED_CONCURRENCY else {}
