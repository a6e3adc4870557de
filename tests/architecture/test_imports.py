"""Tests that the imports of the package have one direction: domains import core/, but core/ imports no domain."""

from graphlib import TopologicalSorter

import grimp
import pytest

PACKAGE = "wecelebrate"
CORE = f"{PACKAGE}.core"


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """Return all imports of the package, including imports inside functions and under TYPE_CHECKING."""
    return grimp.build_graph(PACKAGE, exclude_type_checking_imports=False, cache_dir=None)


def test_imports_inside_functions_are_in_the_graph(graph: grimp.ImportGraph) -> None:
    assert graph.direct_import_exists(importer=f"{CORE}.cache.redis", imported=f"{CORE}.cache.upstash")


def test_imports_under_type_checking_are_in_the_graph(graph: grimp.ImportGraph) -> None:
    assert graph.direct_import_exists(importer=f"{PACKAGE}.mail.sending", imported=f"{PACKAGE}.mail.rendering")


def test_the_import_graph_has_no_cycle(graph: grimp.ImportGraph) -> None:
    # If there is a cycle, `prepare` raises CycleError, which names the modules of the cycle.
    TopologicalSorter({each: graph.find_modules_directly_imported_by(each) for each in graph.modules}).prepare()


def test_the_core_does_not_import_domains(graph: grimp.ImportGraph) -> None:
    core = {CORE, *graph.find_descendants(CORE)}
    imports = {(module, other) for module in core for other in graph.find_modules_directly_imported_by(module)}
    assert not {(module, other) for module, other in imports if other not in core}


def test_the_feeds_package_imports_only_the_core(graph: grimp.ImportGraph) -> None:
    feeds = {f"{PACKAGE}.feeds", *graph.find_descendants(f"{PACKAGE}.feeds")}
    allowed = feeds | {CORE, *graph.find_descendants(CORE)}
    imports = {(module, other) for module in feeds for other in graph.find_modules_directly_imported_by(module)}
    assert not {(module, other) for module, other in imports if other not in allowed}
