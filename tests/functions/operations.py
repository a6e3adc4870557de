"""Lists all operations of the API, and builds a valid request for each operation. Tests of all routes use this list."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from infra.openapi import dereferenced, document

Json = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """One operation of the OpenAPI document."""

    method: str
    path: str
    definition: Json = field(repr=False)

    @property
    def name(self) -> str:
        """The `operationId` of the operation."""
        return str(self.definition["operationId"])

    @property
    def id_parameters(self) -> list[str]:
        """The names of the path parameters whose format is UUID."""
        return [
            parameter["name"]
            for parameter in self.definition.get("parameters", [])
            if parameter["in"] == "path" and parameter["schema"].get("format") == "uuid"
        ]

    @property
    def requires_token(self) -> bool:
        """Whether the gateway refuses requests without a token."""
        return bool(self.definition["security"] == [{"bearer": []}])

    @property
    def is_customer_only(self) -> bool:
        """Whether only the buyer of an order is allowed to use the operation. The buyer is a customer, or a guest with
        a link."""
        return self.name in (
            "list_own_orders",
            "get_own_order",
            "list_own_shipments",
            "cancel_own_order",
            "get_guest_order",
        )

    @property
    def shows_source_data(self) -> bool:
        """Whether the operation returns private data of a catalog, which viewers and support are not allowed to see."""
        return self.name in (
            "get_error_file",
            "get_result_file",
            "get_product_price",
            "get_product_source",
            "get_product_stock",
        )

    @property
    def is_public(self) -> bool:
        """Whether the operation answers requests without a token."""
        return not self.requires_token and not self.is_customer_only

    @property
    def is_list(self) -> bool:
        """Whether each response of the operation contains one page of a list."""
        return self.has_parameter("cursor")

    @property
    def name_field(self) -> str:
        """The name of the body field that contains the display name of the resource."""
        if self.name == "create_order":
            return "customer_name"
        if self.name == "change_order":
            return "external_number"
        return "description" if self.name.endswith("_webhook") else "name"

    def has_parameter(self, name: str) -> bool:
        return any(parameter["name"] == name for parameter in self.definition.get("parameters", []))

    def url(self, ids: Mapping[str, str]) -> str:
        """Return the path of a valid request with the required parameters."""
        queries = {"get_address_format": "?country=DE", "get_guest_order": "?token=a+token"}
        names = re.findall(r"{(\w+)}", self.path)
        return self.path.format(**{name: self._id(name, ids) for name in names}) + queries.get(self.name, "")

    def _id(self, name: str, ids: Mapping[str, str]) -> str:
        """Return the value of a path parameter. The paths for admins contain ids of staff members and invitations."""
        if self.path.startswith("/v1/admin/"):
            if name == "entity":
                return ids.get("entity", "product")
            if f"staff_{name}" in ids:
                return ids[f"staff_{name}"]
        return ids[name]

    def send(self, api: httpx.Client, ids: Mapping[str, str], **overrides: Any) -> httpx.Response:
        """Send a valid request. `overrides` replace the usual arguments of `httpx.Client.request`."""
        arguments: Json = {"json": request_body(self.name, ids)} if "requestBody" in self.definition else {}
        if self.has_parameter("if-match"):
            arguments["headers"] = {"If-Match": "*"} | overrides.pop("headers", {})
        if self.name == "replay_webhook":
            arguments["params"] = {"since": "2026-01-01T00:00:00Z"}
        return api.request(self.method, self.url(ids), **(arguments | overrides))


def operation_id(operation: Operation) -> str:
    """Return the name of the operation. Pytest uses this name as the id of a parametrized test."""
    return operation.name


def all_operations() -> list[Operation]:
    """Return all operations, sorted by path and method."""
    return [
        Operation(method.upper(), path, inlined(definition))
        for path, methods in sorted(document()["paths"].items())
        for method, definition in sorted(methods.items())
    ]


def inlined(definition: Json) -> Json:
    """Return a copy of an operation in which the parameters and responses replace the references to components."""
    copy = definition | {
        "responses": {
            status: dereferenced(document(), response) for status, response in definition["responses"].items()
        }
    }
    if "parameters" in definition:
        copy["parameters"] = [dereferenced(document(), parameter) for parameter in definition["parameters"]]
    return copy


def request_body(name: str, ids: Mapping[str, str]) -> Json:
    """Return a valid request body for an operation, or an empty body if the operation does not accept a body.

    A field whose value must be unique gets a new value in each call. The function reads only the ids that the body
    needs, because reading an id creates the resource.
    """
    unique = uuid4().hex[:12]
    client: Json = {"name": f"Client {unique}", "slug": f"t-{unique}"}
    site: Json = {"name": f"site {unique}", "domain": f"{unique}.test"}
    catalog: Json = {"name": f"catalog {unique}", "type": "manual"}
    product: Json = {"sku": unique, "name": f"Product {unique}", "price": "1.00"}
    bodies: dict[str, Callable[[], Json]] = {
        "create_client": lambda: client,
        "replace_client": lambda: client,
        "create_site": lambda: site | {"client_id": ids["client_id"]},
        "replace_site": lambda: site,
        "create_catalog": lambda: catalog | {"owner_client_id": ids["client_id"]},
        "replace_catalog": lambda: catalog,
        "create_product": lambda: product,
        "create_schedule": lambda: {
            "client_id": ids["client_id"],
            "catalog_id": ids["catalog_id"],
            "name": f"schedule {unique}",
            "cron": "0 3 * * *",
            "settings": {"prefix": "exports/"},
        },
        "replace_product": lambda: product,
        "create_webhook": lambda: {
            "client_id": ids["client_id"],
            "url": "https://example.com/hooks",
            "events": ["job.*"],
            "description": f"webhook {unique}",
        },
        "upload_image": lambda: {"type": "image/png", "bytes": int(unique[:4], 16) + 100},
        "create_order": lambda: {
            "lines": [{"product_id": ids["product_id"], "quantity": 1}],
            "customer_name": f"Customer {unique}",
            "customer_email": "customer@example.test",
            "shipping_address": {
                "line1": "Main Street 1",
                "city": "Springfield",
                "region": "IL",
                "postal_code": "62701",
                "country": "US",
            },
        },
        "create_order_destination": lambda: {
            "client_id": ids["client_id"],
            "name": f"destination {unique}",
            "format": "csv",
            "cron": None,
        },
        "record_events": lambda: {"events": [{"id": str(uuid4()), "type": "page_view", "at": "2026-01-01T00:00:00Z"}]},
        "cancel_order_lines": lambda: {"lines": [{"line": 1}]},
        "look_up_order": lambda: {"order_number": "7KQ2M9D4XT", "email": "customer@example.test"},
        "confirm_order": lambda: {"token": "a token"},
        "cancel_guest_order": lambda: {"token": "a token"},
        "accept_invitation": lambda: {"code": "0" * 32 + "a" * 43},
        "invite_member": lambda: {"email": f"{unique}@example.test", "role": "viewer"},
        "invite_staff_member": lambda: {"email": f"{unique}@example.test", "role": "support"},
        "add_machine": lambda: {"machine_id": unique, "role": "editor"},
        "exclude_product": lambda: {"reason": "not here"},
        "set_flag": lambda: {"value": "primary"},
        "switch_kv_mirror": lambda: {"enabled": False},
        "start_kv_comparison": lambda: {"entity": "site"},
        "repair_kv_difference": lambda: {"source": "kv"},
        "change_kv_stage": lambda: {"leads": "kv"},
        "change_kv_retirement": lambda: {"target": "active"},
        "suspend_row_security": lambda: {"reason": "The policy of clients fails"},
        "import_products": lambda: {"catalog_id": ids["catalog_id"], "rows": [product]},
        "import_products_first_api": lambda: {"catalogId": ids["catalog_id"], "products": [product]},
        "import_orders": lambda: {"upload_id": ids["upload_id"], "source": "an earlier shop"},
        "propose_mapping": lambda: {"job_id": ids["job_id"]},
        "create_sync": lambda: {"upload_id": ids["upload_id"]},
        "create_report": lambda: {"client_id": ids["client_id"], "month": "2026-03"},
        "create_report_subscription": lambda: {
            "client_id": ids["client_id"],
            "name": f"subscription {unique}",
            "cadence": "week",
            "recipients": [ids["member_id"]],
        },
        "decide_job": lambda: {"answers": {"decimal": ","}},
        "create_export": lambda: {"client_id": ids["client_id"], "kind": "orders", "format": "csv"},
        "create_erasure": lambda: {"email": f"{unique}@example.test"},
        "create_upload": lambda: {"name": f"{unique}.csv", "size": 100, "client_id": ids["client_id"]},
    }
    return bodies[name]() if name in bodies else {}
