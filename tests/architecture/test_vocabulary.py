"""Tests that old names are not used again after standard terms have replaced them.

The lists contain fully qualified names, because other names can still contain the same words.
"""

import ast
import re
import subprocess
from pathlib import Path

import pytest

import wecelebrate
from infra.functions import ROOT

PACKAGE = Path(str(wecelebrate.__file__)).parent
SCHEMA = (PACKAGE / "schema" / "schema.sql").read_text("utf-8")

OLD_MODULES = """
    auth batches consistency database_errors database_login etags flags imports invalidations limits loads mappings
    migrations reads sessions signed spending switches syncs uploads warming wording
    jobs.ends jobs.held jobs.pace mail.asking mail.letters mail.mails mail.safe mail.work orders.days
    products.inventory schedules.when
"""
"""Modules below `wecelebrate` that must not exist any more."""

OLD_NAMES = """
    core.cache.Claim core.cache.claim core.cache.made core.cache.look core.cache.save core.cache.LARGEST
    core.cache.values.Value.ages core.cache.values.TagVersions.forgetful
    core.database.caller.Caller.memory core.database.caller.Caller.after core.database.caller.Entered
    core.database.invalidations.Left
    core.database.transaction.Transaction.entered core.database.transaction.Transaction.hints
    core.database.transaction.Transaction.left core.database.transaction.Transaction.unless_told
    core.database.transaction.Transaction.words core.database.transaction.Transaction.written
    core.database.transaction._Entry core.database.transaction.SLOW
    core.http.Ordering core.http.OwnOnSite core.http.Shown
    core.metering.Ledger core.metering.Meter.belongs core.metering.ledger
    core.models.Listed core.pages.Built core.pages.asked core.pages.built core.pages.listed
    core.queue.Word core.queue._bury core.queue.tell core.queue.word core.queue.Message.hold
    core.requests.request_cache.Gate core.requests.request_cache.Look core.requests.sessions.where
    clients.members.own_client
    jobs.lease.Fenced jobs.lease.Held jobs.lease.LeasedJob.alive jobs.lease.LeasedJob.beat jobs.lease.OutOfTime
    jobs.lease.Refused jobs.lease.word jobs.rate_limit.Pace jobs.types.Lane jobs.workers.REST jobs.workers._bury
    jobs.LATE jobs.control.take_here jobs.control.tell
    ingestion.bulk_import.run.run_here ingestion.merge.load.told
    webhooks.worker.Line webhooks.worker.RUN webhooks.messages.word
    schedules.runs.LATE schedules.runs.over schedules.runs.wanted
    audit.models.Note audit.note catalogs.models.Column core.outbound.Answer core.outbound.addresses.Refused
    images.fetching.Wanted images.models.Upload images.store.keep images.want
    mail.brand.Brand.ink mail.events.unwrapped mail.rendering.Letter mail.rendering.write
    orders.models.Line products.low_stock.TOLD products.low_stock.tell_low products.models.Image products.models.Label
    products.models.ShownFilters products.models.ShownImage storefront.models.ShownProduct
    usage.models.Figures usage.models.Span usage.models._Told
    webhooks.events.told webhooks.models.Replayed webhooks.models.Since webhooks.sending.Attempt webhooks.tidy
    webhooks.worker.Ended webhooks.worker.LINES
"""
"""Classes, functions, constants and attributes below `wecelebrate` that must not exist any more."""

OLD_SQL_FUNCTIONS = """
    admit beat expire_jobs fail_waiting_deliveries fold_order_deltas follow_images guest_answer invalidations_sent
    job_waits keep_guest_answer leave lookup mail_job mail_look mail_order mail_rank mail_suppression
    make_event_partitions make_mail media_of next_image_try note_changes note_orders note_products order_daily
    pattern publish_webhook put_webhook_secret replay_webhook save_staging shown_media shown_renditions tagged
    take_invalidations take_job take_webhooks touch
"""
"""Functions in the schema `app` that must not exist any more."""

OLD_TABLES = "app.heartbeat order_days switches"
OLD_COLUMNS = "jobs.lane jobs.place jobs.series schedules.wanted_at webhooks.rest_until"

CONSTANT_PREFIXES = re.compile(r"\b_?(?:MOST|LONGEST|LEAST)_[A-Z]")


def definitions(tree: ast.AST, prefix: str = "") -> set[str]:
    """Return the names that a module defines: classes, functions, constants, attributes of classes and of `self`."""
    names: set[str] = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(prefix + node.name)
            if isinstance(node, ast.ClassDef):
                names |= definitions(node, f"{prefix}{node.name}.")
            else:
                owner = prefix or f"{node.name}."
                names |= {
                    owner + target.attr
                    for target in ast.walk(node)
                    if isinstance(target, ast.Attribute) and isinstance(target.ctx, ast.Store)
                }
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {prefix + name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}
    return names


def module_file(module: str) -> Path | None:
    """Return the file of a module below `wecelebrate`, or None if the module does not exist."""
    path = PACKAGE.joinpath(*module.split("."))
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in candidates if file.exists()), None)


def test_names_inside_classes_and_methods_are_found() -> None:
    tree = ast.parse("A = 1\nclass B:\n    c: int\n    def d(self):\n        self.e = 1\ndef f(): pass")
    assert definitions(tree) == {"A", "B", "B.c", "B.d", "B.e", "f"}


@pytest.mark.parametrize("module", OLD_MODULES.split())
def test_a_replaced_module_does_not_exist(module: str) -> None:
    assert module_file(module) is None


@pytest.mark.parametrize("name", OLD_NAMES.split())
def test_a_replaced_name_is_not_defined(name: str) -> None:
    parts = name.split(".")
    split = next(n for n in range(len(parts) - 1, 0, -1) if module_file(".".join(parts[:n])))
    file = module_file(".".join(parts[:split]))
    assert file is not None
    assert ".".join(parts[split:]) not in definitions(ast.parse(file.read_text("utf-8")))


@pytest.fixture(scope="module")
def tables() -> dict[str, set[str]]:
    """Map each table of the schema to the names of its columns."""
    matches = re.findall(r"^create table (\S+) \((.*?)^\)", SCHEMA, re.MULTILINE | re.DOTALL | re.IGNORECASE)
    return {name: set(re.findall(r"^  (\w+) ", body, re.MULTILINE)) for name, body in matches}


def test_the_columns_of_the_schema_are_found(tables: dict[str, set[str]]) -> None:
    assert {"ordering_key", "priority", "queued_at"} <= tables["jobs"]
    assert "written_at" in tables["app.replica_heartbeat"]


@pytest.mark.parametrize("function", OLD_SQL_FUNCTIONS.split())
def test_a_replaced_sql_function_does_not_exist(function: str) -> None:
    assert not re.search(rf"function app\.{function}\(", SCHEMA, re.IGNORECASE)


@pytest.mark.parametrize("table", OLD_TABLES.split())
def test_a_replaced_table_does_not_exist(table: str, tables: dict[str, set[str]]) -> None:
    assert table not in tables


@pytest.mark.parametrize("column", OLD_COLUMNS.split())
def test_a_replaced_column_does_not_exist(column: str, tables: dict[str, set[str]]) -> None:
    table, _, name = column.partition(".")
    assert name not in tables[table]


def test_names_of_limits_begin_with_max_or_min() -> None:
    tracked_files = subprocess.run(
        ["git", "ls-files", "*.py", "*.sql", "*.lua", "*.toml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    here = Path(__file__).relative_to(ROOT).as_posix()
    places = [
        f"{file}:{number}: {line.strip()}"
        for file in tracked_files.stdout.splitlines()
        if file != here
        for number, line in enumerate((ROOT / file).read_text("utf-8").splitlines(), 1)
        if CONSTANT_PREFIXES.search(line)
    ]
    assert not places
