"""Order destinations: create, change and delete them, and export orders now."""

from wecelebrate import order_files
from wecelebrate.core.http import IfMatch, Writing, api, located_at, serve
from wecelebrate.core.types import Id
from wecelebrate.jobs.models import Job
from wecelebrate.order_files.models import NewOrderDestination, OrderDestination, OrderDestinationPatch

app = api()


@app.post("/v1/order-destinations", status_code=201, dependencies=[located_at("/v1/order-destinations/{id}")])
def create_order_destination(new: NewOrderDestination, tx: Writing) -> OrderDestination:
    """Create a receiver of order files. It gets all orders that are placed from now on."""
    return order_files.create(tx, new)


@app.patch("/v1/order-destinations/{destination_id}")
def change_order_destination(
    destination_id: Id, patch: OrderDestinationPatch, match: IfMatch, tx: Writing
) -> OrderDestination:
    """Change some fields of a destination with a JSON Merge Patch."""
    return order_files.change(tx, destination_id, patch, match)


@app.delete("/v1/order-destinations/{destination_id}", status_code=204)
def delete_order_destination(destination_id: Id, match: IfMatch, tx: Writing) -> None:
    """Delete a destination. Its files stay in the bucket."""
    order_files.delete(tx, destination_id, match)


@app.post("/v1/order-destinations/{destination_id}/run", status_code=202, dependencies=[located_at("/v1/jobs/{id}")])
def export_orders(destination_id: Id, tx: Writing) -> Job:
    """Export immediately all orders that the destination does not have yet."""
    return order_files.run(tx, destination_id)


handler = serve(app)
