"""Adds the access of an ERP system to `environments/<name>-erp.toml`."""

import json
import secrets
from pathlib import Path

from infra.environments import Environment
from infra.operator_settings import FOLDER, ErpGrant, OperatorSettings


def grant_access(
    environment: Environment,
    name: str,
    principal: str,
    catalogs: list[str],
    destinations: list[str],
    *,
    folder: Path = FOLDER,
) -> ErpGrant:
    """Add a grant to the file of the environment, with a new external id. The next deploy creates the role.

    Raises ValueError, and does not change the file, if a value is not valid or if a grant with this name exists.
    """
    grant = ErpGrant(
        name=name,
        principal=principal,
        external_id=secrets.token_urlsafe(18),
        catalogs=tuple(catalogs),
        destinations=tuple(destinations),
    )
    if any(existing.name == name for existing in environment.settings.erp):
        raise ValueError(f"a grant named {name} exists: change it in environments/{environment.name}-erp.toml")
    OperatorSettings.model_validate({"erp": [*environment.settings.erp, grant]})
    folder.mkdir(exist_ok=True)
    lines = [f"{key} = {json.dumps(value)}" for key, value in grant.model_dump().items() if value]
    with (folder / f"{environment.name}-erp.toml").open("a", encoding="utf-8") as file:
        file.write("[[grant]]\n" + "\n".join(lines) + "\n\n")
    return grant
