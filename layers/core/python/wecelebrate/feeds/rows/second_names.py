"""Leaves private texts out of the column that distinguishes products with the same name. See `plan.second_names`."""

from collections.abc import Callable

from wecelebrate.feeds.items import Cells, Product, Rejected
from wecelebrate.feeds.plan.plan import Plan
from wecelebrate.feeds.plan.second_names import CODE, can_be_internal
from wecelebrate.feeds.warnings import Warnings

Build = Callable[[int, Cells, Cells], Product | Rejected]


def with_second_name(build: Build, plan: Plan, warnings: Warnings) -> Build:
    """Return a function that removes the attribute of a row if its text can be private.

    The settings decide for a column that they name.
    """
    column = plan.second_name
    label = next((label for number, label in plan.attributes if number == column), None)
    if column is None or label is None or plan.disclosure.is_chosen(plan.header[column]):
        return build

    def build_row(line: int, cells: Cells, raw: Cells) -> Product | Rejected:
        item = build(line, cells, raw)
        if isinstance(item, Product) and label in item.attributes and can_be_internal(item.attributes[label]):
            warnings.add(CODE, plan.column_name(column), item.attributes.pop(label))
            item.blank_attributes = (*item.blank_attributes, label)
        return item

    return build_row
