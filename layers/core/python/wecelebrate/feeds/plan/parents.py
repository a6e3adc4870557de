"""Finds the parents of variants in a file without a mapping.

The result is the column with the SKUs of the parents, whether the parents are sold, and whether the names of variants
only list their options.
"""

from collections.abc import Sequence

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.parents import are_sold, names_list_options, parent_column
from wecelebrate.feeds.plan.model import Plan


def find_parents(plan: Plan, columns: Columns, earlier: Sequence[str]) -> None:
    """Find the column with the SKUs of the parents of variants, if the SKU itself is certain."""
    if not plan.sku or any(question.key == "sku" for question in plan.questions):
        return
    parent = parent_column(columns, plan.sku[0], earlier)
    if parent is not None and parent not in {number for numbers in plan.field_columns.values() for number in numbers}:
        plan.parent = [parent]
        plan.sells_parents = are_sold(columns, plan.sku[0], parent, plan.inventory)
        plan.lists_options = bool(plan.name) and names_list_options(columns, plan.name[0], parent)
