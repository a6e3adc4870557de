"""Key-value store: show the state of its documents and of their move to tables. Only admins of the platform can do
this."""

from typing import Annotated

from fastapi import Query, Request, Response

from wecelebrate.core.http import Reading, api, page_response, serve
from wecelebrate.core.pages import Page
from wecelebrate.kv import backfill, families, gates, stages
from wecelebrate.kv.inspection import pages
from wecelebrate.kv.inspection.pages import InspectionParameters
from wecelebrate.kv.models import Entity, InspectedDocument, KeyFamilies
from wecelebrate.kv.stage_models import GateParameters, Gates, Stages
from wecelebrate.kv.status_models import MoveStatus

app = api()


@app.get("/v1/admin/kv/families")
def list_key_families(tx: Reading) -> KeyFamilies:
    """Count the documents of each family of keys in the key-value store. The response contains no key and no value."""
    return families.list_all(tx)


@app.get("/v1/admin/kv/documents", response_model=Page[InspectedDocument])
def inspect_documents(request: Request, parameters: Annotated[InspectionParameters, Query()], tx: Reading) -> Response:
    """List the documents of clients, sites, catalogs, products and orders in the key-value store, without their values.

    Documents of secrets, logs and unknown families are left out.
    """
    return page_response(request, parameters, pages.page(tx, parameters))


@app.get("/v1/admin/kv/status")
def get_kv_status(tx: Reading) -> MoveStatus:
    """Show the last run of the backfill, the outcomes of the documents, and how to fix the documents in quarantine."""
    return backfill.status(tx)


@app.get("/v1/admin/kv/stages")
def list_kv_stages(tx: Reading) -> Stages:
    """Show the stages of all entities: the leading side, the share of reads from the tables, and the compared reads."""
    return stages.list_all(tx)


@app.get("/v1/admin/kv/stages/{entity}/gates")
def list_kv_gates(entity: Entity, parameters: Annotated[GateParameters, Query()], tx: Reading) -> Gates:
    """Show which gates a cutover of an entity would pass, and what to do about each gate that fails."""
    return Gates(data=gates.show(tx, entity, parameters.client_id))


handler = serve(app)
