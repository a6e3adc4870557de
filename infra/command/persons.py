"""The command `wecelebrate persons report`: prints the data that the platform stores about a person at one client."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.command import output
from infra.command.errors import BadUsage
from infra.command.help import API, SETTINGS, documented

if TYPE_CHECKING:
    import httpx

app = typer.Typer(no_args_is_help=True, help="Export the data that the platform stores about a person.", **SETTINGS)

_LISTS = ("events", "returns")
"""The lists that belong to an order: its history and its returns."""


@app.callback()
def persons() -> None:
    """Export the data that the platform stores about a person."""


@app.command(
    cls=documented(
        "wecelebrate persons report --client acme --email ann@example.com > ann.json",
        "wecelebrate --env prod persons report --client acme --email ann@example.com --subject 5f7d0b0e-1111",
        environment=API,
    )
)
def report(
    client: Annotated[str, typer.Option("--client", help="Id or slug of the client.")],
    email: Annotated[str, typer.Option("--email", help="The e-mail address of the person.")],
    subject: Annotated[
        str | None,
        typer.Option("--subject", help="`customer_subject` of the person's orders: also the events of its visits."),
    ] = None,
) -> None:
    """Print the data that the platform stores about a person at one client, as one JSON document.

    The document contains the orders with their history, shipments, returns and mails, other mails to the address, and
    the suppressions of the address. With --subject, it also contains the events of this user. Use the document if a
    person requests access to the data or a copy (GDPR, articles 15 and 20).

    The audit log of the client records the reads of staff. If the token may not see persons, the document is empty.
    docs/persons.md says which data is not in the document, and how to find this data.
    """
    from infra.command.api import connect, get, get_all
    from infra.command.resources import client_id, client_slugs

    if "@" not in email:
        raise BadUsage("--email must be an e-mail address, e.g. ann@example.com")
    with connect() as connection:
        api = connection.api
        id = client_id(client_slugs(api), client)
        orders = [
            _order(api, row["id"]) for row in get_all(api, "/v1/orders", {"client_id": id, "customer_email": email})
        ]
        mails = [
            get(api, f"/v1/mails/{row['id']}")
            for row in get_all(api, "/v1/mails", {"client_id": id, "recipient": email})
        ]
        suppressions = [
            row
            for released in ("false", "true")
            for row in get_all(api, "/v1/mail-suppressions", {"client_id": id, "address": email, "released": released})
        ]
        events = list(get_all(api, "/v1/events", {"client_id": id, "user_id": subject})) if subject else []
    output.print_json(
        {
            "client_id": id,
            "email": email,
            "customer_subject": subject,
            "orders": orders,
            "mails": mails,
            "suppressions": suppressions,
            "events": events,
        }
    )
    others = sorted({order["customer_subject"] for order in orders} - {subject, None, ""})
    if others:
        output.note(f"the orders have the subject {', '.join(others)}: --subject adds the events of its visits")
    if not any((orders, mails, suppressions, events)):
        output.note("nothing is stored about this person, or the token may not see persons")


def _order(api: "httpx.Client", order_id: str) -> dict[str, Any]:
    """Return an order with its shipments, events and returns. The mails of the person contain its mails."""
    from infra.command.api import get, get_all

    path = f"/v1/orders/{order_id}"
    shipments = get(api, f"{path}/shipments")["data"]
    return get(api, path) | {"shipments": shipments} | {name: list(get_all(api, f"{path}/{name}")) for name in _LISTS}
