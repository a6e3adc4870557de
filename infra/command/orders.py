"""The commands `wecelebrate orders`: list, show, ship and import orders, and exchange files with an ERP system."""

from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

import typer

from infra.command import output
from infra.command.errors import BadUsage, NotFound
from infra.command.help import API, SETTINGS, documented
from infra.command.order_import import import_orders
from infra.command.output import Cell, Column, Json, JsonOption
from infra.command.resources import DEFAULT_LIMIT, ClientOption, Clients, LimitOption, only, print_list

OrderStatus = Literal["pending", "processing", "shipped", "delivered", "cancelled"]
COLUMNS = (
    Column("number"),
    Column("client", shorten=True),
    Column("status"),
    Column("total", right=True),
    Column("customer", shorten=True),
    Column("placed"),
    Column("id"),
)
OrderArgument = Annotated[str, typer.Argument(help="Id or number of the order.")]
WaitOption = Annotated[bool, typer.Option("--wait", help="Wait until the job has finished.")]
TimeoutOption = Annotated[int, typer.Option("--timeout", min=1, help="Maximum time to wait, in seconds.")]

app = typer.Typer(
    no_args_is_help=True,
    help="List, show, ship and import orders, and exchange order files with an ERP system.",
    **SETTINGS,
)


@app.command(
    "list",
    cls=documented(
        "wecelebrate orders list --status pending --client acme",
        "wecelebrate orders list --json | jq -r '.data[].order_number'",
        environment=API,
    ),
)
def list_orders(
    client: ClientOption = None,
    status: Annotated[OrderStatus | None, typer.Option("--status", help="Only orders with this status.")] = None,
    updated_since: Annotated[
        str | None, typer.Option("--updated-since", help="Only orders changed at this time or later (RFC 3339).")
    ] = None,
    limit: LimitOption = DEFAULT_LIMIT,
    as_json: JsonOption = False,
) -> None:
    """List orders, newest first."""
    print_list(
        "/v1/orders",
        client,
        limit,
        as_json=as_json,
        plural="orders",
        columns=COLUMNS,
        row=_row,
        status=status,
        updated_since=updated_since,
    )


@app.command(cls=documented("wecelebrate orders show HXE8J1NH88", environment=API))
def show(order: OrderArgument, as_json: JsonOption = False) -> None:
    """Show an order with its lines and its shipments."""
    from infra.command.api import connect, get

    with connect() as connection:
        details = _order(connection.api, order)
        shipments = get(connection.api, f"/v1/orders/{details['id']}/shipments")["data"]
    if as_json:
        output.print_json(details | {"shipments": shipments})
        return
    output.print_details(_details(details))
    lines = [(str(item["quantity"]), item["sku"], item["name"], item["unit_price"]) for item in details["items"]]
    output.print_table(
        (Column("pieces", right=True), Column("SKU"), Column("name", shorten=True), Column("price")), lines
    )
    if shipments:
        columns = (Column("shipment"), Column("status"), Column("carrier"), Column("tracking number"), Column("lines"))
        output.print_table(columns, [_shipment_row(shipment) for shipment in shipments])


@app.command(
    cls=documented(
        "wecelebrate orders ship HXE8J1NH88 --carrier DHL --tracking JD0123",
        "wecelebrate orders ship HXE8J1NH88 --line 1=2 --tracking JD0123",
        environment=API,
    )
)
def ship(  # noqa: PLR0917 — each parameter is an option
    order: OrderArgument,
    carrier: Annotated[str | None, typer.Option("--carrier", help="The carrier, e.g. DHL.")] = None,
    tracking: Annotated[str | None, typer.Option("--tracking", help="The tracking number.")] = None,
    tracking_url: Annotated[str | None, typer.Option("--tracking-url", help="The page of the parcel.")] = None,
    line: Annotated[
        list[str] | None,
        typer.Option(
            "--line",
            metavar="LINE=PIECES",
            help="A line and its number of pieces. Without this option, ship all remaining pieces.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Ship pieces of an order. The customer gets a mail with the tracking number."""
    from infra.command.api import connect, require_success

    body = {
        "carrier": carrier,
        "tracking_number": tracking,
        "tracking_url": tracking_url,
        "lines": [_pieces(text) for text in line] if line else None,
    }
    with connect() as connection:
        details = _order(connection.api, order)
        headers = {"If-Match": "*", "Idempotency-Key": str(uuid4())}
        response = connection.api.post(f"/v1/orders/{details['id']}/ship", json=body, headers=headers)
        require_success(response)
    shipped = response.json()
    if as_json:
        output.print_json(shipped)
    else:
        output.success(f"{shipped['order_number']} is {shipped['status']} (fulfilment: {shipped['fulfilment']})")


@app.command(
    cls=documented("wecelebrate orders export 'Acme ERP' --wait", environment=API),
)
def export(
    destination: Annotated[str, typer.Argument(help="Id or name of the order destination.")],
    wait: WaitOption = False,
    timeout: TimeoutOption = 900,
    as_json: JsonOption = False,
) -> None:
    """Export the orders that a destination has not received yet. With --wait, print the file names."""
    from infra.command.api import connect, post

    with connect(expires_in=timeout + 60) as connection:
        receiver = _destination(connection.api, destination)
        job = post(connection.api, f"/v1/order-destinations/{receiver['id']}/run")
        _report(connection, job, wait=wait, timeout=timeout, as_json=as_json)


@app.command(
    "drop-status",
    cls=documented(
        "wecelebrate orders drop-status tracking.csv --destination 'Acme ERP' --wait",
        environment=(*API, "WECELEBRATE_DROPS_BUCKET"),
    ),
)
def drop_status(  # noqa: PLR0917 — each parameter is an option
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="The file with the changes of orders.")
    ],
    destination: Annotated[str, typer.Option("--destination", help="Id or name of the order destination.")],
    wait: WaitOption = False,
    timeout: TimeoutOption = 900,
    bucket: Annotated[
        str | None,
        typer.Option(
            "--bucket",
            envvar="WECELEBRATE_DROPS_BUCKET",
            show_envvar=False,
            help="S3 bucket for dropped files of a deployed platform. The local cloud does not need it.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Upload a file with changes of orders, in the same way as an ERP system.

    The changes are acknowledgements, shipments, deliveries and cancellations. With --wait, the exit code is 1 if the
    job failed or rejected rows.
    """
    from infra.command.api import connect, get
    from infra.command.drop import put

    if not file.name.isprintable():
        raise BadUsage(f"the file name {file.name!r} contains characters that are not printable: rename the file")
    with connect(expires_in=timeout + 60) as connection:
        if connection.local is None and bucket is None:
            raise BadUsage("the bucket of the deployed platform is not known: give --bucket, or use the local cloud")
        receiver = _destination(connection.api, destination)
        key = f"orders/{receiver['id']}/incoming/{file.name}"
        source = {"key": key, "version_id": put(connection, bucket, file, key)}
        if not as_json:
            output.success(f"dropped {key}")
        if not wait:
            if as_json:
                output.print_json({"destination_id": receiver["id"], "source": source})
            return

        def find() -> Json | None:
            recent = get(connection.api, "/v1/jobs", {"type": "order_file", "limit": 50})["data"]
            return next((job for job in recent if job["source"] == source), None)

        _report(connection, find, wait=True, timeout=timeout, as_json=as_json)


app.command(
    "import",
    cls=documented(
        "wecelebrate orders import old-orders.csv --site acme-shop --dry-run",
        "wecelebrate orders import orders.xlsx --site shop.example.com --source 'old shop' --currency EUR",
        "wecelebrate orders import orders.csv --lines order_lines.csv --site acme-shop --json | jq .result.orders",
        environment=API,
    ),
)(import_orders)


def _report(connection: Any, job: Any, *, wait: bool, timeout: int, as_json: bool) -> None:
    """Wait for a job if `wait` is true, and print it. `job` is the job, or a function that finds the job."""
    from infra.command.api import get
    from infra.command.watch import Watch

    if wait:
        find = job if callable(job) else lambda: get(connection.api, f"/v1/jobs/{job['id']}")
        job = Watch(connection, None, False).one(find, timeout)
    if as_json:
        output.print_json(job)
    elif not wait:
        output.success(f"job {job['id']} is {job['status']}")
    elif job["status"] != "completed":
        output.failure(f"{job['status']}: {job['error']}")
    else:
        output.success(job["result"].get("outcome") or _sentence(job))
        for error in job["first_errors"]:
            output.failure(f"line {error['line']}: {error['reason']}")
    if wait and (job["status"] != "completed" or job["counts"]["rejected"]):
        raise typer.Exit(1)


def _sentence(job: Json) -> str:
    from infra.command.job_texts import count_rows

    counts = job["counts"]
    return (
        f"{count_rows(counts['read'])}: {counts['updated']:,} changed, {counts['unchanged']:,} unchanged,"
        f" {counts['rejected']:,} rejected"
    )


def _order(api: Any, id_or_number: str) -> Json:
    """Return the order with this id or number. Raises NotFound, and BadUsage if several clients have an order with this
    number."""
    from infra.command.api import get

    try:
        order_id = UUID(id_or_number)
    except ValueError:
        orders = get(api, "/v1/orders", {"order_number": id_or_number, "limit": 10})["data"]
        if not orders:
            raise NotFound(f"order {id_or_number} does not exist") from None
        if len(orders) > 1:
            ids = " or ".join(order["id"] for order in orders)
            raise BadUsage(f"several clients have an order {id_or_number}: give its id, {ids}") from None
        order_id = UUID(orders[0]["id"])
    return get(api, f"/v1/orders/{order_id}", not_found=f"order {order_id} does not exist")


def _destination(api: Any, id_or_name: str) -> Json:
    """Return the destination with this id or name. Raises NotFound, and BadUsage if several destinations have this
    name."""
    from infra.command.api import get, get_all

    try:
        path = f"/v1/order-destinations/{UUID(id_or_name)}"
    except ValueError:
        named = [each for each in get_all(api, "/v1/order-destinations") if each["name"] == id_or_name]
        not_found = f"order destination {id_or_name} does not exist"
        return only("destinations", "are named", id_or_name, named, not_found)
    return get(api, path, not_found=f"order destination {id_or_name} does not exist")


def _pieces(text: str) -> dict[str, int]:
    line, _, quantity = text.partition("=")
    if not (line.isdecimal() and quantity.isdecimal()):
        raise BadUsage(f"--line {text} is not valid: give it as LINE=PIECES, e.g. --line 1=2")
    return {"line": int(line), "quantity": int(quantity)}


def _row(order: Json, clients: Clients) -> tuple[Cell, ...]:
    return (
        order["order_number"],
        clients.get(order["client_id"], order["client_id"]),
        order["status"],
        f"{order['total_amount']} {order['currency']}",
        order["customer_name"],
        order["created_at"][:16].replace("T", " "),
        order["id"],
    )


def _details(order: Json) -> dict[str, Cell]:
    address = order["shipping_address"]
    names = ("name", "company", "line1", "line2", "postal_code", "city", "region", "country")
    return {
        "id": order["id"],
        "number": order["order_number"],
        "ERP number": order["external_number"] or "",
        "status": order["status"],
        "fulfilment": order["fulfilment"],
        "problem": order["problem"] or "",
        "total": f"{order['total_amount']} {order['currency']}",
        "customer": f"{order['customer_name']} <{order['customer_email']}>",
        "ship to": ", ".join(str(address[name]) for name in names if address.get(name)),
        "placed": order["created_at"],
    }


def _shipment_row(shipment: Json) -> tuple[Cell, ...]:
    lines = ", ".join(f"{line['line']}: {line['quantity']}" for line in shipment["lines"])
    number, tracking = str(shipment["number"]), shipment["tracking_number"] or ""
    return number, shipment["status"], shipment["carrier"] or "", tracking, lines
