"""Divides the concurrent invocations of an AWS account between the queues and the functions with a reservation."""

from collections.abc import Iterable, Mapping

from infra.functions import FunctionSpec

MIN_UNRESERVED_CONCURRENCY = 100
"""The concurrency of an account that AWS does not allow to be reserved."""


def with_workers(specs: Iterable[FunctionSpec], workers: Mapping[str, int]) -> tuple[FunctionSpec, ...]:
    """Return the functions with the numbers of workers that the operator has set.

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

    concurrency: the number of concurrent invocations that AWS allows in the account. In a new account, this number is
    10. Without the limit, the queues would then leave no concurrency to the API. AWS requires at least 2 workers for
    each queue.
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

    The mapping is empty if the concurrency of the account is too low: AWS requires that 100 invocations stay
    unreserved. A function with a queue needs no reservation, because its trigger limits the number of its workers.
    """
    reserved = {
        spec.name: spec.concurrency for spec in specs if "concurrency" in spec.model_fields_set and spec.queue is None
    }
    return reserved if concurrency - sum(reserved.values()) >= MIN_UNRESERVED_CONCURRENCY else {}
