"""Key-value store: archive and delete documents that nobody uses any more, or restore them. Only super admins can."""

from wecelebrate.core.http import Writing, api, serve
from wecelebrate.kv import retirement
from wecelebrate.kv.models import Entity
from wecelebrate.kv.retirement_models import NewRetirement, RetirementPlan

app = api()


@app.put("/v1/admin/kv/retirements/{entity}")
def change_kv_retirement(entity: Entity, new: NewRetirement, tx: Writing) -> RetirementPlan:
    """Retire the documents of an entity, or undo it, for about 2 seconds. Send the request again until it has ended.

    The first request refuses writes from then on. With `delete`, all gates must pass, or the request is refused with
    409.
    """
    return retirement.change(tx, entity, new)


handler = serve(app)
