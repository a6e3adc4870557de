"""Refuses query parameters that an operation does not know, and parameters that are sent twice.

Otherwise, a caller would not notice a typo: for example, a misspelled filter would be ignored.
"""

import inspect
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_origin

from fastapi.dependencies.models import Dependant
from pydantic import BaseModel

from wecelebrate.core.errors import Invalid
from wecelebrate.core.problem_document import FieldError


def known(dependant: Dependant) -> Mapping[str, bool]:
    """Return the query parameters of an operation. The value is true for a list, because a list may be sent several
    times.
    """
    return dict(_parameters(dependant))


def _parameters(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    for field in dependant.query_params:
        annotation = field.field_info.annotation
        if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
            for name, member in annotation.model_fields.items():
                yield member.alias or name, _is_list(member.annotation)
        else:
            yield field.alias, _is_list(annotation)
    for dependency in dependant.dependencies:
        yield from _parameters(dependency)


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) in (list, set, frozenset, tuple)


def check(parameters: Iterable[tuple[str, str]], known: Mapping[str, bool]) -> None:
    """Refuse parameters that are not `known`, and repeated parameters that are not lists. Raises Invalid."""
    counts = Counter(name for name, _ in parameters)
    errors = [
        FieldError(pointer=name, detail="must be sent only once" if name in known else "is not a known parameter")
        for name, count in counts.items()
        if name not in known or (count > 1 and not known[name])
    ]
    if errors:
        raise Invalid(errors=errors)
