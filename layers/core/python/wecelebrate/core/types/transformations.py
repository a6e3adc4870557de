"""Transformations: how a field of a product is computed from the columns of a file.

An entry of a mapping is the name of a column, or a `FieldTransformation`. A transformation contains the source of the
value (`columns`, `constant`, `join` or `sum`), and the steps that change the value (`transform`). The steps for texts
come before the steps for numbers. The steps for numbers are exact: only the step `round` rounds a value.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Required

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, StringConstraints, Tag, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError
from typing_extensions import TypedDict  # Before Python 3.12, pydantic does not accept typing.TypedDict.

from wecelebrate.core.types.text import ExactText, Label

MAX_COLUMNS = 20
MAX_STEPS = 20
MAX_VALUES = 500
"""The maximum number of values in a list of values."""
MAX_PATTERN_LENGTH = 500
MAX_PROGRAM_SIZE = 2_500
"""The maximum size of a compiled regular expression, in instructions of RE2. It limits the time per character."""
PATTERN_MEMORY = 4 << 20
"""The memory that RE2 may use for one regular expression, in bytes."""

SOURCES = ("columns", "constant", "join", "sum")
ENTRY_KEYS = (*SOURCES, "separator", "transform")
TEXT_STEPS = ("split", "replace", "regex", "date")
NUMBER_STEPS = ("multiply", "divide", "divide_by_column", "round")
WITH_OTHERWISE = ("split", "replace", "regex", "date")
"""The steps that support `otherwise`, which defines what happens to a value that does not fit the step."""
NUMBER_FIELDS = frozenset(("price", "inventory_count"))

_CONFIG = ConfigDict(extra="forbid")

Separator = Annotated[ExactText, Field(min_length=1, max_length=20)]
CellText = Annotated[ExactText, Field(max_length=1_000)]
Pattern = Annotated[ExactText, Field(min_length=1, max_length=MAX_PATTERN_LENGTH)]
Replacement = Annotated[ExactText, Field(max_length=200)]
Factor = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}(\.[0-9]{1,12})?$")]
Otherwise = Literal["keep", "blank", "reject"]
SimpleStep = Literal["trim", "strip_html", "decode_entities", "upper", "lower"]


class SplitStep(TypedDict, total=False):
    """Splits a value at a separator, and uses one part."""

    __pydantic_config__ = _CONFIG  # type: ignore[misc]

    separator: Required[Annotated[Separator, Field(description="The text between two parts, e.g. `;` or ` > `.")]]
    index: Annotated[
        int,
        Field(
            strict=True, ge=-100, le=100, description="The number of the part, from 0. -1 is the last part. Default: 0."
        ),
    ]


class RegexStep(TypedDict, total=False):
    """Replaces the matches of a regular expression, or uses one group of its first match.

    Without `replacement` and `group`, the first match is used.
    """

    __pydantic_config__ = _CONFIG  # type: ignore[misc]

    pattern: Required[
        Annotated[
            Pattern,
            Field(description="The syntax of RE2, which has no look-around and no back-reference."),
        ]
    ]
    replacement: Annotated[
        Replacement, Field(description=r"The text for each match. `\1` is the first group, and `\0` is the match.")
    ]
    group: Annotated[
        int, Field(strict=True, ge=0, le=50, description="The number of the group to use. 0 is the whole match.")
    ]


class RoundStep(TypedDict, total=False):
    """Rounds a number."""

    __pydantic_config__ = _CONFIG  # type: ignore[misc]

    decimals: Required[Annotated[int, Field(strict=True, ge=0, le=6, description="How many decimals the result has.")]]
    mode: Required[
        Annotated[
            Literal["half_up", "half_even", "up", "down"],
            Field(
                description="`half_up`: 0.125 becomes 0.13. `half_even`: 0.12. `up`: away from 0. `down`: towards 0."
            ),
        ]
    ]


class DateStep(TypedDict, total=False):
    """Reads a date, and writes it as in ISO 8601: `2026-01-31`, or `2026-01-31T12:30:00` if the format has hours."""

    __pydantic_config__ = _CONFIG  # type: ignore[misc]

    format: Required[
        Annotated[
            ExactText,
            Field(min_length=2, max_length=40),
            Field(description="The format in the file, in directives of strptime, e.g. `%d.%m.%Y`."),
        ]
    ]


class TransformationStep(TypedDict, total=False):
    """One step of a transformation.

    A step has exactly one key other than `otherwise`. Some steps also support the key `otherwise`.
    """

    __pydantic_config__ = _CONFIG  # type: ignore[misc]

    split: Annotated[SplitStep, Field(description="By default, the value becomes blank if the part does not exist.")]
    replace: Annotated[
        dict[CellText, CellText],
        Field(
            min_length=1,
            max_length=MAX_VALUES,
            description="Maps values to other values. Only whole values are compared; case and surrounding spaces are "
            "ignored. By default, a value without an entry is kept. The key for a blank value is the empty text.",
        ),
    ]
    regex: Annotated[
        RegexStep,
        Field(
            description=(
                "If nothing matches, the default is to keep the value with a `replacement`, or to blank it without one."
            )
        ),
    ]
    date: Annotated[DateStep, Field(description="By default, a value that is not such a date is rejected.")]
    otherwise: Annotated[
        Otherwise,
        Field(
            description="If a `split`, `replace`, `regex` or `date` does not match a value: whether the value is kept, "
            "becomes blank, or is rejected with its row (`not_in_list`, `no_match`, `bad_date`)."
        ),
    ]
    multiply: Annotated[Factor, Field(description='A decimal number, e.g. `"1.19"`.')]
    divide: Annotated[Factor, Field(description='A decimal number above 0, e.g. `"100"`.')]
    divide_by_column: Annotated[
        Label,
        Field(description="The column with the divisor. A blank cell or 0 is rejected (`bad_divisor`)."),
    ]
    round: Annotated[
        RoundStep,
        Field(description="Without this step, a price with more decimals than its currency is rejected."),
    ]


TAGS = ("[text]", "[object]")
"""The tags of the alternatives of a mapping entry and of a step. Pointers of errors do not contain these tags."""


def _kind(value: Any) -> str:
    return "[object]" if isinstance(value, Mapping) else "[text]"


Step = Annotated[
    Annotated[SimpleStep, Tag("[text]")] | Annotated[TransformationStep, Tag("[object]")], Discriminator(_kind)
]
Columns = Annotated[list[Label], Field(min_length=1, max_length=MAX_COLUMNS)]


class FieldTransformation(TypedDict, total=False):
    """How a value is computed from columns of a file: it has one of `columns`, `constant`, `join` and `sum`."""

    __pydantic_config__ = _CONFIG  # type: ignore[misc]

    columns: Annotated[Columns, Field(description="The first of these columns that is not blank is used.")]
    constant: Annotated[CellText, Field(description="The value of each row. Not possible for `sku` and `price`.")]
    join: Annotated[
        Columns,
        Field(description="Joins these columns. Blank cells are left out, but a SKU with a blank cell is rejected."),
    ]
    sum: Annotated[
        Columns,
        Field(description="Adds these columns. Only for `inventory_count`: one column for each location."),
    ]
    separator: Annotated[
        Annotated[ExactText, Field(max_length=20)],
        Field(description="The text between two joined columns. Default: a space."),
    ]
    transform: Annotated[
        list[Step],
        Field(
            max_length=MAX_STEPS,
            description=(
                "The steps, in the order in which they are applied. Steps for numbers must come last, and are only "
                "possible for `price` and `inventory_count`. A blank value stays blank, unless a `replace` has an "
                "entry for blank values."
            ),
        ),
    ]


MappingEntry = Annotated[
    Annotated[Label, Tag("[text]")] | Annotated[FieldTransformation, Tag("[object]")], Discriminator(_kind)
]
"""The name of a column, or a transformation of columns."""


Problem = tuple[tuple[str | int, ...], str]
"""The path of an invalid value in a transformation, and what is wrong with the value."""


def problems(entry: Mapping[str, Any], field: str | None) -> Iterable[Problem]:
    """Yield the errors in a transformation that its types cannot detect. `field` is None for an attribute."""
    given = [name for name in SOURCES if name in entry]
    if len(given) != 1:
        yield (), f"must have exactly one of {', '.join(SOURCES)}"
        return
    source = given[0]
    if source == "constant" and field in ("sku", "price"):
        yield ("constant",), f"is not possible for {field}"
    if source == "constant" and field == "parent":
        yield ("constant",), "is not possible for parent: each variant names its own product"
    if source == "join" and field in NUMBER_FIELDS:
        yield ("join",), f"is not possible for {field}"
    if source == "sum" and field != "inventory_count":
        yield ("sum",), "is only possible for inventory_count"
    if "separator" in entry and source != "join":
        yield ("separator",), "is only possible with join"
    last_number: str | None = None
    for number, step in enumerate(entry.get("transform", ())):
        name = step if isinstance(step, str) else next((key for key in step if key != "otherwise"), "")
        place = ("transform", number)
        if not isinstance(step, str):
            yield from ((place + path, text) for path, text in _step_problems(step))
        if name in NUMBER_STEPS:
            last_number = name
            if field not in NUMBER_FIELDS or (name == "divide_by_column" and field != "price"):
                only = "price" if name == "divide_by_column" else " and ".join(sorted(NUMBER_FIELDS))
                yield (*place, name), f"is only possible for {only}"
        elif last_number:
            yield place, f"must come before {last_number}, because it changes texts"


def _step_problems(step: Mapping[str, Any]) -> Iterable[Problem]:
    names = [key for key in step if key != "otherwise"]
    if len(names) != 1:
        yield (), f"must have exactly one of {', '.join((*TEXT_STEPS, *NUMBER_STEPS))}"
        return
    (name,) = names
    if "otherwise" in step and name not in WITH_OTHERWISE:
        yield ("otherwise",), f"is not possible with {name}"
    check = _CHECKS.get(name)
    if check is not None:
        yield from (((name, *path), text) for path, text in check(step[name]))


def _replace_problems(values: Mapping[str, str]) -> Iterable[Problem]:
    seen: dict[str, str] = {}
    for value in values:
        key = value_key(value)
        if key in seen:
            yield (value,), "equals another entry if case and surrounding spaces are ignored"
        seen[key] = value


def value_key(value: str) -> str:
    """Return the form in which the values of a list are compared."""
    return value.strip().casefold()


def _regex_problems(step: Mapping[str, Any]) -> Iterable[Problem]:
    if "replacement" in step and "group" in step:
        yield ("group",), "is not possible with replacement"
    try:
        pattern = compile_pattern(step["pattern"])
    except ValueError as error:
        yield ("pattern",), str(error)
        return
    if step.get("group", 0) > pattern.groups:
        yield ("group",), f"is not in the pattern, which has {pattern.groups} groups"
    for reference in re.findall(r"\\(.?)", step.get("replacement", ""), re.DOTALL):
        if reference != "\\" and not (reference.isdecimal() and reference.isascii()):
            yield ("replacement",), r"must have a digit or a second backslash after each backslash, e.g. \1"
        elif reference != "\\" and int(reference) > pattern.groups:
            yield ("replacement",), f"has the group {reference}, but the pattern has {pattern.groups} groups"


def compile_pattern(pattern: str) -> Any:
    """Compile a regular expression with RE2, which needs linear time. Raises ValueError with a message for the author.

    The packages `re` and `regex` use backtracking, so a hostile pattern would need exponential time for a short text.
    """
    import re2  # type: ignore[import-untyped]  # imported here, because only few functions need it

    options = re2.Options()
    options.max_mem, options.log_errors = PATTERN_MEMORY, False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0].decode("utf-8", "replace") if error.args and isinstance(error.args[0], bytes) else error
        raise ValueError(f"must be a regular expression of RE2: {reason}") from None
    if compiled.programsize > MAX_PROGRAM_SIZE:
        raise ValueError("must be simpler: the regular expression is too large")
    return compiled


def _date_problems(step: Mapping[str, Any]) -> Iterable[Problem]:
    directives = re.findall(r"%(.?)", step["format"], re.DOTALL)
    allowed = "dmYybBHMSIpf%"
    if unknown := [each for each in directives if not each or each not in allowed]:
        yield (
            ("format",),
            f"must have only the directives {', '.join(f'%{each}' for each in allowed)}, not %{unknown[0]}",
        )
        return
    if not any(each in directives for each in "Yy") or "d" not in directives:
        yield ("format",), "must have a day (%d), a month (%m) and a year (%Y)"
        return
    try:
        datetime.strptime(datetime(2026, 1, 31).strftime(step["format"]), step["format"])  # noqa: DTZ001, DTZ007
    except (ValueError, re.error):
        yield ("format",), "must be a format in which each directive occurs once"
        return
    if not any(each in directives for each in "mbB"):
        yield ("format",), "must have a day (%d), a month (%m) and a year (%Y)"


def _divide_problems(divisor: str) -> Iterable[Problem]:
    if not Decimal(divisor):
        yield (), "must be more than 0"


_CHECKS: Mapping[str, Callable[[Any], Iterable[Problem]]] = {
    "replace": _replace_problems,
    "regex": _regex_problems,
    "date": _date_problems,
    "divide": _divide_problems,
}


def mapping_problems(mapping: Mapping[str, Any]) -> Iterable[Problem]:
    """Yield the errors in the transformations of a mapping of fields."""
    for field, entry in mapping.items():
        if isinstance(entry, Mapping):
            yield from (((field, *path), text) for path, text in problems(entry, field))
    sku, parent = mapping.get("sku"), mapping.get("parent")
    if isinstance(sku, str) and isinstance(parent, str) and value_key(sku) == value_key(parent):
        yield ("parent",), "must be a column other than the column of sku"
    price = mapping.get("price")
    steps = price.get("transform", ()) if isinstance(price, Mapping) else ()
    if mapping.get("price_unit") and any(
        not isinstance(step, str) and step.keys() & set(NUMBER_STEPS) for step in steps
    ):
        yield ("price_unit",), "is not possible if the price is computed: use the step divide_by_column"


def attribute_problems(attributes: Mapping[str, Any]) -> Iterable[Problem]:
    """Yield the errors in the transformations of a mapping of attributes."""
    for name, entry in attributes.items():
        if isinstance(entry, Mapping):
            yield from (((name, *path), text) for path, text in problems(entry, None))


def checked(find: Callable[[Mapping[str, Any]], Iterable[Problem]]) -> AfterValidator:
    """Create a validator that refuses a value if `find` yields errors. Each error has the path of the invalid value."""

    def check(value: Any) -> Any:
        errors = [
            InitErrorDetails(type=PydanticCustomError("transformation", "{text}", {"text": text}), loc=path, input=None)
            for path, text in find(value or {})
        ]
        if errors:
            raise ValidationError.from_exception_data("transformation", errors)
        return value

    return AfterValidator(check)


CHECKED_MAPPING = checked(mapping_problems)
"""A validator that refuses a mapping of fields if a transformation in it is invalid."""
CHECKED_ATTRIBUTES = checked(attribute_problems)
"""A validator that refuses a mapping of attributes if a transformation in it is invalid."""
CheckedMapping = Annotated[dict[Label, MappingEntry | None], CHECKED_MAPPING]
CheckedAttributes = Annotated[dict[Label, MappingEntry], CHECKED_ATTRIBUTES]


def replacing(entry: Any) -> Any:
    """Return an entry for a JSON Merge Patch that replaces the whole stored entry.

    Keys that the new entry does not have are null in the result. Otherwise the stored keys would remain: for example,
    the stored `columns` would remain beside a new `join`.
    """
    return {**dict.fromkeys(ENTRY_KEYS), **entry} if isinstance(entry, Mapping) else entry
