"""Builds the TypeScript client. openapi-typescript generates the types, and openapi-fetch sends the requests."""

import json
import shutil
from pathlib import Path
from typing import Any

from infra.clients import npm
from infra.functions import ROOT

Json = dict[str, Any]

_TEMPLATE = ROOT / "tools" / "clients" / "typescript"
_TYPES = (
    # Export each schema under its own name, e.g. `Product`.
    *("--root-types", "--root-types-no-schema-prefix", "--root-types-keep-casing"),
    # A field with a default is optional in a request. In a response, the field is always present, and the document
    # lists it as required.
    "--default-non-nullable=false",
)


def build(openapi: Json, folder: Path) -> Path:
    """Generate the package in `folder / "typescript"`, pack it in `folder`, and return the path of the tarball.

    The function reads `folder / "openapi.json"`. Raises ToolError if a command fails.
    """
    npm.install()
    source = folder / "typescript"
    shutil.copytree(_TEMPLATE, source)
    package = json.loads((source / "package.json").read_text("utf-8"))
    tools = json.loads((npm.FOLDER / "package.json").read_text("utf-8"))["devDependencies"]
    package["version"] = openapi["info"]["version"]
    package["dependencies"] = {"openapi-fetch": f"^{tools['openapi-fetch']}"}
    (source / "package.json").write_text(json.dumps(package, indent=2) + "\n", "utf-8")
    npm.run("openapi-typescript", str(folder / "openapi.json"), *_TYPES, "--output", str(source / "src" / "schema.ts"))
    # The compiler finds openapi-fetch in this folder. npm does not pack the folder.
    (source / "node_modules").symlink_to(npm.MODULES)
    npm.run("tsc", "--project", ".", cwd=source)
    (file,) = json.loads(npm.run("npm", "pack", "--json", "--pack-destination", str(folder), cwd=source))
    return folder / str(file["filename"])
