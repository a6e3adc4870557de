"""Tests that invalid `function.toml` files are rejected, and tests the names, layers and variables of functions."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import pytest

from infra.bindings import Bindings
from infra.functions import (
    FUNCTIONS,
    BadDeclaration,
    FunctionSpec,
    bucket_names,
    dead_letter_queue,
    functions,
    worker,
)
from infra.http_api import APIS, MAIN_API, STAFF_API, STOREFRONT_API, HttpApi

API = 'routes = ["GET /v1/things"]\nauth = "required"\n'
QUEUE = "[queue]\n"
BINDINGS = Bindings(
    environment="test",
    database_writer="writer:5432",
    database_reader="reader:5432",
    database_name="wecelebrate",
    cache_url="http://cache",
    cache_token="cache-token",
    issuer="http://issuer",
    audience="wecelebrate",
    jwks_url="http://issuer/jwks",
    signing_key="key",
    origin_secrets="",
    docs_url="",
    api_url="https://api.test",
    routes="all routes",
    platform_domain="shops.test",
    images_url="http://images",
    queues={"mails": "http://sqs/mails"},
    buckets={"drops": "drops-bucket"},
    mail_from="wecelebrate <mail@mail.test>",
    mail_configuration_set="mails",
    mail_rate="14",
    passwords={"wc_api": "secret"},
    kv_key_hashes="",
    extra={"EXTRA": "1"},
)
ALWAYS = {"WC_ENVIRONMENT", "POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "EXTRA"}


def declare(root: Path, path: str, text: str) -> Path:
    folder = root / "functions" / path
    folder.mkdir(parents=True)
    (folder / "function.toml").write_text(text)
    (folder / "handler.py").touch()
    return folder


def read_spec(root: Path, path: str, text: str) -> FunctionSpec:
    return FunctionSpec.read(declare(root, path, text))


def test_all_functions_of_this_repository_are_valid() -> None:
    specs = functions()
    assert len(specs) == len(list(FUNCTIONS.rglob("function.toml")))
    assert [spec.name for spec in specs] == sorted(spec.name for spec in specs)
    assert all(spec.handler.is_file() for spec in specs)


def test_the_name_of_a_function_is_derived_from_its_folder(tmp_path: Path) -> None:
    spec = read_spec(tmp_path, "queues/catalog_syncs", QUEUE)
    assert (spec.name, spec.kind, spec.queue_name) == ("queues-catalog-syncs", "queue", "catalog-syncs")
    assert dead_letter_queue(spec.queue_name) == "catalog-syncs-dead-letters"


def test_the_error_for_an_unknown_key_mentions_the_file_and_the_key(tmp_path: Path) -> None:
    folder = declare(tmp_path, "api/things/read", API + "memroy = 256\n")
    with pytest.raises(BadDeclaration, match="Extra inputs") as error:
        FunctionSpec.read(folder)
    assert f"{folder / 'function.toml'}: memroy" in str(error.value)


def test_the_error_for_an_unknown_key_in_a_table_contains_the_key(tmp_path: Path) -> None:
    folder = declare(tmp_path, "queues/mails", "[queue]\nbatchsize = 1\n")
    with pytest.raises(BadDeclaration, match=r"queue\.batchsize"):
        FunctionSpec.read(folder)


def test_the_error_for_an_invalid_toml_file_mentions_the_file(tmp_path: Path) -> None:
    folder = declare(tmp_path, "api/things/read", "routes = [")
    with pytest.raises(BadDeclaration, match=r"function\.toml: "):
        FunctionSpec.read(folder)


def test_a_declaration_without_a_handler_is_rejected(tmp_path: Path) -> None:
    folder = declare(tmp_path, "api/things/read", API)
    (folder / "handler.py").unlink()
    with pytest.raises(BadDeclaration, match=r"no handler\.py: add one"):
        FunctionSpec.read(folder)


def test_a_function_in_an_unknown_folder_is_rejected(tmp_path: Path) -> None:
    folder = declare(tmp_path, "streams/things", API)
    with pytest.raises(BadDeclaration, match="move it below functions/"):
        FunctionSpec.read(folder)


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        ("api/things/read", 'auth = "required"\n', "needs `routes`"),
        ("api/things/read", 'routes = ["GET /v1/things"]\n', "needs `auth`"),
        ("api/things/read", API + "timeout = 30\n", "at most 29"),
        ("api/things/read", API + QUEUE, r"may have a \[queue\] table"),
        ("api/things/read", API + '[schedule]\nexpression = "rate(1 minute)"\n', r"may have a \[schedule\] table"),
        ("api/things/read", API + 'uses = ["database:read"]\n', "needs `login`"),
        ("queues/mails", "timeout = 5\n", r"needs a \[queue\] table"),
        ("queues/mails", API + QUEUE, "may have `routes`, `auth` and `protocol`"),
        ("queues/mails", "timeout = 60\n[queue]\nvisibility = 30\n", "`visibility` must not be shorter than `timeout`"),
        ("queues/mails", "[queue]\nbatch_size = 100\n", "requires a `window` of at least 1 second"),
        ("schedules/sweep", "timeout = 5\n", r"needs a \[schedule\] table"),
        ("api/things/read", 'routes = ["FETCH /v1/things"]\nauth = "none"\n', "routes"),
        ("api/things/read", API + 'uses = ["databse:read"]\n', "uses"),
        ("api/things/read", API + 'login = "postgres"\n', "login"),
        ("schedules/sweep", '[schedule]\nexpression = "hourly"\n', "schedule.expression"),
    ],
)
def test_a_declaration_that_does_not_match_its_trigger_is_rejected(
    tmp_path: Path, path: str, text: str, message: str
) -> None:
    folder = declare(tmp_path, path, text)
    with pytest.raises(BadDeclaration, match=message):
        FunctionSpec.read(folder)


@pytest.mark.parametrize("auth", ["optional", "none"])
def test_a_route_for_staff_requires_a_token(tmp_path: Path, auth: str) -> None:
    folder = declare(tmp_path, "api/things/read", f'routes = ["GET /v1/admin/things"]\nauth = "{auth}"\n')
    with pytest.raises(BadDeclaration, match=r'GET /v1/admin/things: staff-api has only .* set `auth = "required"`'):
        FunctionSpec.read(folder)


@pytest.mark.parametrize(
    ("route", "prefix"),
    [
        ("GET /v1/{area}/things", "/v1/storefront/"),
        ("GET /{version}/admin/things", "/v1/admin/"),
        ("GET /{version}/{area}/{thing}", "/v1/storefront/"),
        ("POST /v1/{area}/", "/v1/storefront/"),
    ],
)
def test_a_route_is_rejected_if_it_could_match_the_path_prefix_of_another_api(
    tmp_path: Path, route: str, prefix: str
) -> None:
    folder = declare(tmp_path, "api/things/read", f'routes = ["{route}"]\nauth = "required"\n')
    with pytest.raises(BadDeclaration, match=f"requests below {prefix} belong to"):
        FunctionSpec.read(folder)


@pytest.mark.parametrize(
    ("route", "api"),
    [
        ("GET /v1/admin/things", STAFF_API),
        ("GET /v1/admin/{thing}", STAFF_API),
        ("GET /v1/admin", MAIN_API),  # the pattern of CloudFront is `/v1/admin/*`
        ("GET /v1/administrators", MAIN_API),
        ("GET /v1/storefront/{domain}", STOREFRONT_API),
        ("GET /v1/storefronts/{domain}", MAIN_API),
        ("GET /v1/Admin/things", MAIN_API),  # patterns of CloudFront and routes are case-sensitive
        ("GET /v1/things/admin/{thing}", MAIN_API),
        ("GET /v1/{thing}", MAIN_API),
        ("GET /{thing}/things", MAIN_API),
    ],
)
def test_the_path_of_a_route_determines_its_api(tmp_path: Path, route: str, api: HttpApi) -> None:
    spec = read_spec(tmp_path, "api/things/read", f'routes = ["{route}"]\nauth = "required"\n')
    assert {each.name: spec.routes_in(each) for each in APIS if spec.routes_in(each)} == {
        api.name: (route, route.replace("GET", "HEAD"))
    }


def test_a_function_can_have_routes_of_several_apis(tmp_path: Path) -> None:
    routes = '["POST /v1/things", "POST /v1/admin/things/replay"]'
    spec = read_spec(tmp_path, "api/things/write", f'routes = {routes}\nauth = "required"\n')
    assert spec.routes_in(MAIN_API) == ("POST /v1/things",)
    assert spec.routes_in(STAFF_API) == ("POST /v1/admin/things/replay",)


def test_each_api_has_the_default_route(tmp_path: Path) -> None:
    spec = read_spec(tmp_path, "api/fallback", 'routes = ["$default"]\nauth = "none"\n')
    assert all(spec.routes_in(api) == ("$default",) for api in APIS)


def test_two_functions_cannot_serve_the_same_route(tmp_path: Path) -> None:
    declare(tmp_path, "api/things/read", 'routes = ["GET /v1/things/{id}"]\nauth = "none"\n')
    declare(tmp_path, "api/things/write", 'routes = ["GET /v1/things/{thing_id}"]\nauth = "none"\n')
    with pytest.raises(BadDeclaration, match="already served by api-things-read"):
        functions(tmp_path / "functions")


def test_a_function_cannot_send_to_a_queue_without_a_consumer(tmp_path: Path) -> None:
    declare(tmp_path, "api/things/write", API + 'uses = ["queue:mails"]\n')
    with pytest.raises(BadDeclaration, match="`uses` contains `queue:mails`, but no function consumes this queue"):
        functions(tmp_path / "functions")


def test_the_bucket_names_of_a_function_include_used_and_notifying_buckets(
    tmp_path: Path,
) -> None:
    declare(tmp_path, "queues/drops", '[queue]\nbucket = "drops"\n')
    declare(tmp_path, "api/exports/read", API + 'uses = ["bucket:exports:read", "bucket:drops:write"]\n')
    assert bucket_names(functions(tmp_path / "functions")) == ("drops", "exports")


CACHE = {"WC_CACHE_URL": "http://cache", "WC_CACHE_TOKEN": "cache-token"}
WORKERS = {"WC_WORKERS": "3", "WC_RATE": "50.0", "WC_MAX_RECEIVES": "3"}


@pytest.mark.parametrize(
    ("path", "text", "variables"),
    [
        ("api/things/read", API, {}),
        ("api/things/read", 'uses = ["cache"]\n' + API, {"WC_SIGNING_KEY": "key", **CACHE}),
        ("api/fallback", 'routes = ["$default"]\nauth = "none"\n', {"WC_ROUTES": "all routes"}),
        (
            "api/things/read",
            'routes = ["GET /v1/things"]\nauth = "optional"\n',
            {
                "WC_ISSUER": "http://issuer",
                "WC_AUDIENCE": "wecelebrate",
                "WC_JWKS_URL": "http://issuer/jwks",
            },
        ),
        ("queues/mails", QUEUE, WORKERS),
        ("queues/mails", 'login = "wc_api"\n' + QUEUE, WORKERS),
        (
            "queues/mails",
            'uses = ["email"]\n' + QUEUE,
            {
                "WC_MAIL_FROM": "wecelebrate <mail@mail.test>",
                "WC_API_URL": "https://api.test",
                "WC_MAIL_CONFIGURATION_SET": "mails",
            }
            | WORKERS
            | {"WC_RATE": "14"},
        ),
        (
            "queues/mails",
            'layers = ["mail"]\n' + QUEUE,
            {"WC_MAIL_FROM": "wecelebrate <mail@mail.test>", "WC_API_URL": "https://api.test", **WORKERS},
        ),
        (
            "queues/mails",
            'login = "wc_api"\nuses = ["database:read"]\n' + QUEUE,
            {
                "WC_DATABASE_LOGIN": "wc_api",
                "WC_DATABASE_NAME": "wecelebrate",
                "WC_DATABASE_WRITER": "writer:5432",
                "WC_DATABASE_READER": "reader:5432",
                "WC_DATABASE_PASSWORD": "secret",
                "WC_PLATFORM_DOMAIN": "shops.test",
                **WORKERS,
            },
        ),
        (
            "queues/mails",
            'uses = ["cache", "queue:mails", "bucket:drops:read"]\n' + QUEUE,
            {
                "WC_CACHE_URL": "http://cache",
                "WC_CACHE_TOKEN": "cache-token",
                "WC_QUEUE_MAILS": "http://sqs/mails",
                "WC_BUCKET_DROPS": "drops-bucket",
                **WORKERS,
            },
        ),
    ],
)
def test_a_function_has_only_the_environment_variables_of_its_declaration(
    tmp_path: Path, path: str, text: str, variables: Mapping[str, str]
) -> None:
    environment = read_spec(tmp_path, path, text).environment(BINDINGS)
    assert {name: value for name, value in environment.items() if name not in ALWAYS} == variables
    assert environment.keys() >= ALWAYS


@pytest.mark.parametrize(
    ("path", "text", "layers"),
    [
        ("queues/mails", QUEUE, ("base",)),
        ("queues/mails", 'layers = ["files"]\n' + QUEUE, ("base", "files")),
        ("api/things/read", API, ("base", "http")),
        ("api/things/read", API + 'uses = ["cache"]\nlayers = ["files"]\n', ("base", "http", "cache", "files")),
    ],
)
def test_the_layers_of_a_function_are_derived_from_its_declaration(
    tmp_path: Path, path: str, text: str, layers: tuple[str, ...]
) -> None:
    assert read_spec(tmp_path, path, text).vendor_layers == layers


def test_a_function_gets_the_names_of_the_workers_that_it_starts(tmp_path: Path) -> None:
    spec = read_spec(tmp_path, "schedules/each", 'uses = ["worker:mails"]\n[schedule]\nexpression = "rate(1 minute)"\n')
    assert spec.starts() == ("mails",)
    prefixed = dataclasses.replace(BINDINGS, function_prefix="wecelebrate-dev-")
    assert spec.environment(BINDINGS).keys() - ALWAYS == {"WC_WORKER_MAILS"}
    assert spec.environment(prefixed)["WC_WORKER_MAILS"] == "wecelebrate-dev-queues-mails"


def test_a_function_cannot_start_the_worker_of_a_queue_that_does_not_exist(tmp_path: Path) -> None:
    declare(tmp_path, "schedules/each", 'uses = ["worker:mails"]\n[schedule]\nexpression = "rate(1 minute)"\n')
    with pytest.raises(BadDeclaration, match="`uses` contains `worker:mails`, but no function consumes this queue"):
        functions(tmp_path / "functions")


def test_every_worker_that_a_function_starts_has_the_expected_name() -> None:
    names = {spec.name for spec in functions()}
    started = {worker(queue) for spec in functions() for queue in spec.starts()}
    assert started
    assert started <= names
