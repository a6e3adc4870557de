"""Key-value store: archive and delete documents that no application uses any more, or restore them."""

from wecelebrate.core.http import Writing, api, serve
from wecelebrate.kv import retirement
from wecelebrate.kv.models import Entity
from wecelebrate.kv.retirement_models import NewRetirement, RetirementPlan

app = api()


@app.put("/v1/admin/kv/retirements/{entity}")
def change_kv_retirement(entity: Entity, new: NewRetirement, tx: Writing) -> RetirementPlan:
    """Retire the documents of an entity, or restore them, for about 2 seconds. Only super admins can do this.

    After the first request, writes of these documents are refused. Send the request again until the work has ended. If
    `delete` is true and a condition (gate) fails, the request is refused with 409.
    """
    return retirement.change(tx, entity, new)


handler = serve(app)
