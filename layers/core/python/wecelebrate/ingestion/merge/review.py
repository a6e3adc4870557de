"""Reviews a load before its first change. If a user must approve the load or decide how to read the file, the load
stops.

The changes of a file are compared with the stored products. If a file was read wrongly, its changes are often
implausible: for example, all prices become 1,000 times as high, or no product is in stock any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wecelebrate import feeds
from wecelebrate.core.database import Transaction, queries, writing
from wecelebrate.ingestion import doubts
from wecelebrate.ingestion.merge import report
from wecelebrate.ingestion.merge.bounds import sample_value
from wecelebrate.ingestion.merge.load import MAX_SAMPLES, Load, Rows

sql = queries(__file__)

DEFAULT_LIMITS: Mapping[str, Any] = {
    "enabled": True,
    "min_products": 10,
    "large_price_change_percent": 50.0,
    "most_large_price_changes_percent": 20.0,
    "most_price_factors_percent": 5.0,
    "most_stock_lost_percent": 95.0,
    "most_categories_lost_percent": 95.0,
    "most_inactivated_percent": 20.0,
}
"""The default values of `sync_settings.plausibility`. `catalogs.models.Plausibility` describes them."""
MIN_PRICE_FACTORS = 3
"""The load needs an approval if at least this number of prices change by a factor near 10, 100 or 1,000. The number is
lower than `min_products`, because several such changes are rarely a coincidence."""
COVERED_PERCENT = 1.0
"""An approval also covers a slightly higher percentage than the user has seen, because the catalog can change while the
load waits. This is the largest difference, in percentage points."""
_SAMPLED_ROWS = 10_000
"""The approximate number of rows in a sample. If a file has more than twice this number of rows, a sample is compared
first, and all rows are compared only if the sample is conspicuous. Comparing all rows takes 3 to 8 % of the time of a
sync, and comparing a sample takes 1 %."""
_CONSPICUOUS = 0.5
"""A sample is conspicuous if a percentage exceeds this fraction of its limit.

The percentage is computed from the products of the file. It is never lower than the percentage of the whole catalog,
because the file contains only a part of the catalog.
"""
_MAX_SAMPLES_PER_REASON = 5


@dataclass(frozen=True)
class Reason:
    """A reason why a load needs an approval."""

    code: str
    text: str
    affected: int
    of: int
    """The number of products from which the percentage of `affected` is computed."""
    most_percent: float

    @property
    def percent(self) -> float:
        return 100 * self.affected / self.of if self.of else 0.0

    @property
    def exceeds(self) -> bool:
        return self.percent > self.most_percent

    def as_json(self, samples: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "code": self.code,
            "text": self.text,
            "affected": self.affected,
            "of": self.of,
            "percent": round(self.percent, 1),
            "most_percent": self.most_percent,
            "samples": samples,
        }


def stop_for_decision(load: Load, rows: Rows) -> bool:
    """If the file can be read in several ways and the catalog requires a decision, stop the load before its first row.

    It returns whether the load stopped. If the load did not stop, the result of the job reports the doubts. A dry run
    does not stop, because it changes nothing. Its result says that the real run would stop (`would_stop`). If no price
    has the currency of the catalog, the load fails instead, because an answer cannot change this.
    """
    open_doubts = doubts.find(rows.questions, rows.changes, rows.header, load.accepted, load.decided)
    serious = doubts.serious(open_doubts)
    refusal = feeds.refused_currency(rows.reading, load.rules.catalog_currency)
    stops = bool(serious) and load.rules.on_doubt != "guess"
    if not stops or load.rules.dry_run:
        load.job.checkpoint["doubts"] = open_doubts
        if stops:
            code = "doubtful_file" if load.rules.on_doubt == "refuse" else "needs_decision"
            keys = [doubt["key"] for doubt in serious]
            load.job.checkpoint["would_stop"] = {"code": "other_currency" if refusal else code, "keys": keys}
        return False
    if refusal:
        reason = f"{refusal} To move the catalog to another currency, set its `currency` to null first."
        report.fail(load, "other_currency", reason)
    elif load.rules.on_doubt == "refuse":
        reason = f"The file can be read in several ways. {doubts.description(serious)}"
        report.fail(load, "doubtful_file", reason, {"questions": serious})
    else:
        report.await_decision(load, serious[: doubts.MAX_QUESTIONS])
    return True


def stop_for_approval(load: Load) -> bool:
    """If the load would make changes that its rules do not allow, stop the load before its first change.

    It returns whether the load stopped. An approval is valid only for the reasons that the user has seen. If there is
    another reason, the load stops again. A dry run reports the reasons and does not stop.
    """
    with writing(load.job.caller) as tx:
        reasons, preview = _reasons(load, tx)
        if load.rules.dry_run:
            load.job.checkpoint["reasons"] = [reason["text"] for reason in preview.get("reasons", [])]
            return False
        if not reasons or (load.job.approval == "given" and _is_covered(load, reasons)):
            return False
        load.job.checkpoint["shown"] = {reason.code: reason.percent for reason in reasons}
        load.job.save(tx)
        report.await_approval(load, tx, preview)
    return True


def _is_covered(load: Load, reasons: list[Reason]) -> bool:
    # The previous release did not store the reasons that a user had seen. Its only reason was the deactivation of
    # products.
    shown = load.job.checkpoint.get("shown", {"deactivates_missing": 100.0})
    return all(reason.percent <= shown.get(reason.code, -COVERED_PERCENT) + COVERED_PERCENT for reason in reasons)


def _reasons(load: Load, tx: Transaction) -> tuple[list[Reason], dict[str, Any]]:
    """Return the reasons why the load needs an approval, and a preview that describes them."""
    reasons: list[Reason] = []
    preview: dict[str, Any] = {}
    described: list[dict[str, Any]] = []
    if load.deactivates_missing and (missing := _missing_products(load, tx)).exceeds:
        samples = _missing_samples(load, tx)
        reasons.append(missing)
        described.append(missing.as_json(samples[:_MAX_SAMPLES_PER_REASON]))
        preview = {
            "would_deactivate": missing.affected,
            "of_active": missing.of,
            "percent": round(missing.percent, 1),
            "most_percent": missing.most_percent,
            "samples": samples,
        }
    limits = _limits(load)
    if limits["enabled"] and (similar := _similar_skus(load, tx)):
        reasons.append(similar[0])
        described.append(similar[0].as_json(similar[1]))
    if limits["enabled"] and _is_conspicuous(load, tx, limits):
        for reason in filter(lambda each: each.exceeds, _implausible(load, tx, limits)):
            reasons.append(reason)
            described.append(reason.as_json(_samples(load, tx, reason, limits)))
    return reasons, preview | ({"reasons": described} if described else {})


def _missing_products(load: Load, tx: Transaction) -> Reason:
    products = sql.count_missing(tx, catalog_id=load.catalog_id, **load.staging_key)
    missing, active = products["missing"], products["active"]
    return Reason(
        "deactivates_missing",
        f"The file does not contain {missing:,} of {active:,} active products, which would be deactivated.",
        missing,
        active,
        load.rules.max_deactivated_percent,
    )


def _missing_samples(load: Load, tx: Transaction) -> list[dict[str, Any]]:
    rows = sql.sample_missing(tx, catalog_id=load.catalog_id, max_rows=MAX_SAMPLES, **load.staging_key)
    return [dict(row) for row in rows]


def _similar_skus(load: Load, tx: Transaction) -> tuple[Reason, list[dict[str, Any]]] | None:
    """If new SKUs are nearly equal to other SKUs, return this reason with examples. Otherwise return None.

    For example, a spreadsheet program removes the leading zeros of the SKU 00123. The file would then create a second
    product with the SKU 123.
    """
    step = max(1, (load.job.total or 0) // _SAMPLED_ROWS)
    rows = list(sql.list_similar_skus(tx, catalog_id=load.catalog_id, step=step, **load.staging_key))
    if not rows:
        return None
    text = (
        f"{len(rows):,} of {rows[0]['of']:,} compared new SKUs differ from another SKU only in upper and lower case, in"
        f" spaces or in leading zeros, e.g. {rows[0]['sku']} and {rows[0]['similar']}."
    )
    samples = [
        {"sku": row["sku"], "name": None, "before": row["similar"], "after": row["sku"]}
        for row in rows[:_MAX_SAMPLES_PER_REASON]
    ]
    return Reason("similar_skus", text, len(rows), rows[0]["of"], 0.0), samples


def _limits(load: Load) -> dict[str, Any]:
    """Return the limits of the catalog. The limits are disabled for a load that changes no stored product."""
    settings = load.rules.plausibility
    if settings is None or load.rules.mode == "create":
        return {"enabled": False}
    return {**DEFAULT_LIMITS, **{name: value for name, value in settings.items() if value is not None}}


def _is_conspicuous(load: Load, tx: Transaction, limits: Mapping[str, Any]) -> bool:
    """Return whether all rows must be compared with the catalog. If the file is large, compare a sample first."""
    step = (load.job.total or 0) // _SAMPLED_ROWS
    if step <= 1:
        return True
    sampled = _implausible(load, tx, {**limits, "min_products": 1}, step)
    return any(reason.percent > reason.most_percent * _CONSPICUOUS for reason in sampled)


def _implausible(load: Load, tx: Transaction, limits: Mapping[str, Any], step: int = 1) -> list[Reason]:
    """Compare the staged rows with the stored products.

    If `step` is more than 1, compare only a sample: about one row in every `step` rows. It returns a reason for each
    kind of change that affects enough products, even if the percentage of these products is allowed.
    """
    counts: dict[str, Any] = dict(
        sql.count_implausible_changes(
            tx,
            catalog_id=load.catalog_id,
            large_change=limits["large_price_change_percent"] / 100,
            min_products=limits["min_products"],
            step=step,
            **load.staging_key,
        )
    )
    large, factors = counts["large_price_changes"], counts["price_factors"]
    stock, categories, inactive = counts["stock_lost"], counts["categories_lost"], counts["inactivated"]
    reasons = [
        Reason(
            "price_factors",
            f"{factors:,} of {counts['compared_prices']:,} prices would change by a factor near 10, 100 or 1,000"
            f" (mostly {_factor(counts['power'])}).",
            factors,
            counts["compared_prices"],
            limits["most_price_factors_percent"],
        ),
        Reason(
            "large_price_changes",
            f"{large:,} of {counts['active']:,} active products would have prices that differ by more than"
            f" {limits['large_price_change_percent']:g} %.",
            large,
            counts["active"],
            limits["most_large_price_changes_percent"],
        ),
        Reason(
            "stock_lost",
            f"The stock of {stock:,} of {counts['in_stock']:,} products in stock would fall to 0.",
            stock,
            counts["in_stock"],
            limits["most_stock_lost_percent"],
        ),
        Reason(
            "categories_lost",
            f"{categories:,} of {counts['categorized']:,} products with a category would lose it.",
            categories,
            counts["categorized"],
            limits["most_categories_lost_percent"],
        ),
        Reason(
            "inactivated",
            f"The file would deactivate {inactive:,} of {counts['active']:,} active products by their state.",
            inactive,
            counts["active"],
            limits["most_inactivated_percent"],
        ),
    ]
    least = {"price_factors": min(MIN_PRICE_FACTORS, limits["min_products"])}
    return [reason for reason in reasons if reason.affected >= max(1, least.get(reason.code, limits["min_products"]))]


def _factor(power: int | None) -> str:
    """Return the name of a power of ten, e.g. `× 1,000` or `÷ 100`."""
    return "× 1" if not power else f"× {10**power:,}" if power > 0 else f"÷ {10**-power:,}"


def _samples(load: Load, tx: Transaction, reason: Reason, limits: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return examples of the changes: the SKU and the name of a product, and its value before and after."""
    rows = sql.sample_implausible_changes(
        tx,
        catalog_id=load.catalog_id,
        reason=reason.code,
        large_change=limits["large_price_change_percent"] / 100,
        max_rows=_MAX_SAMPLES_PER_REASON,
        **load.staging_key,
    )
    return [{name: sample_value(value) for name, value in row.items()} for row in rows]
