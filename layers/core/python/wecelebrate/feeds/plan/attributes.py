"""Decides which columns of a file become public attributes of the products."""

from wecelebrate.feeds.columns.visibility import public_columns
from wecelebrate.feeds.notation.convert import MAX_ATTRIBUTES
from wecelebrate.feeds.plan.model import REPORT_COLUMN_PREFIX, Plan


def public_attributes(plan: Plan) -> list[tuple[int, str]]:
    """Return the columns that become attributes. Columns that wecelebrate adds to error files are left out.

    The candidates are the attributes of the profile. Without a profile, and in most XML formats, every column that no
    field uses is a candidate.
    """
    candidates: dict[int, str | None] = {number: label or None for number, label in plan.attributes}
    if not plan.profile or plan.profile.keep_other_columns:
        used = {number for numbers in (*plan.field_columns.values(), plan.pair_columns) for number in numbers}
        candidates = {number: None for number in range(len(plan.header)) if number not in used}
        if plan.second_name is not None and plan.second_name in candidates:
            candidates[plan.second_name] = plan.header[plan.second_name]
    labels = {label for _, label in plan.computed_attributes}
    columns = [
        (number, label)
        for number, label in public_columns(plan.header, plan.disclosure, candidates)
        if not plan.header[number].startswith(REPORT_COLUMN_PREFIX)
        and label not in labels
        and (number not in plan.consumed or plan.disclosure.is_chosen(plan.header[number]))
    ]
    return with_former_label(plan, [*columns, *plan.computed_attributes][:MAX_ATTRIBUTES])


def with_former_label(plan: Plan, attributes: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Add the crossed-out price to the attributes, unless the settings say what its column contains."""
    column = plan.former_price
    if column is None or plan.disclosure.is_chosen(plan.header[column]) or column in plan.consumed:
        return attributes
    return [*((number, label) for number, label in attributes if number != column), (column, "compare_at_price")]
