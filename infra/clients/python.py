"""Builds the Python client with openapi-python-client.

The environment of the generator is the uv project `tools/clients`, because the generator needs another version of typer
than the `wecelebrate` command.
"""

import json
import os
import shutil
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

from infra.clients.tools import ToolError
from infra.functions import ROOT
from infra.openapi.schemas import operations_of

Json = dict[str, Any]

_TOOLS = ROOT / "tools" / "clients"
_TEMPLATES = "import openapi_python_client as o, pathlib; print(pathlib.Path(o.__file__).parent / 'templates')"

_TYPE = "{% set return_string = endpoint.response_type() %}"
_RESPONSES = "    {% for response in endpoint.responses.patterns %}\n"
_CODE = "return_string | as_unembedded_code"
_RETURN_TYPE = f"    {{% set return_type = {_CODE} %}}\n"
_PARSE = "{% if parsed_responses %}{% import"
_TEMPLATE_CHANGES: dict[str, list[tuple[str, str]]] = {
    "endpoint_module.py.jinja": [
        # By default, a response without a body, e.g. 204, has the type Any, which would hide mistakes of callers.
        (
            _TYPE,
            "{% set types = ' | ' ~ (endpoint.response_type() | as_unembedded_code) ~ ' | ' %}\n"
            "{% set return_string = PythonCode((types | replace(' | Any | ', ' | None | '))[3:-3]) %}",
        ),
        # A proxy between the client and the API can return its own errors, e.g. as HTML. The response `default` of
        # every operation has the type GatewayMessage.
        (
            _RESPONSES,
            '    if response.content and "json" not in response.headers.get("content-type", ""):\n'
            '        message = f"{response.status_code} {response.reason_phrase}"\n'
            f"        return GatewayMessage(message=message) if response.is_error else None\n{_RESPONSES}",
        ),
        (_RETURN_TYPE, _RETURN_TYPE.replace(_CODE, f"({_CODE}) ~ ' | None'")),
    ],
    "endpoint_macros.py.jinja": [
        (_PARSE, '{% if parsed_responses and response.source.return_type != "None" %}{% import'),
    ],
}
"""Maps a template of the generator to its changes. Each change is a text and its replacement. The template must contain
the text exactly once."""


def build(openapi: Json, folder: Path) -> Path:
    """Generate the package in `folder / "python"`, build its wheel in `folder`, and return the path of the wheel.

    Raises ToolError if a command fails, or if the generator would leave out a part of the document.
    """
    source, templates, adapted = folder / "python", folder / "templates", folder / "openapi-python.json"
    _write_templates(templates)
    adapted.write_text(json.dumps(_adapted(openapi)), "utf-8")
    _run(
        *("openapi-python-client", "generate", "--fail-on-warning", "--meta", "uv"),
        *("--path", str(adapted), "--output-path", str(source)),
        *("--config", str(_TOOLS / "config.yaml"), "--custom-template-path", str(templates)),
    )
    adapted.unlink()
    shutil.rmtree(templates)
    _run("hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=source)
    (wheel,) = folder.glob("*.whl")
    return wheel


def _adapted(openapi: Json) -> Json:
    """Return a copy of the document without two features that the generator does not support.

    - An optional token: without this change, the generated functions would accept only a client with a token.
    - A body with the same schema in several media types: without this change, the parameter `body` would be optional.
    """
    adapted = deepcopy(openapi)
    for operation in operations_of(adapted):
        if {} in operation["security"]:
            operation["security"] = []
        content = operation.get("requestBody", {}).get("content", {})
        schemas = list(content.values())
        if all(schema == schemas[0] for schema in schemas):
            for media_type in list(content)[1:]:
                del content[media_type]
    return adapted


def _write_templates(folder: Path) -> None:
    """Write the templates of `tools/clients/templates`, and the changed templates of the generator."""
    shutil.copytree(_TOOLS / "templates", folder)
    original = Path(_run("python", "-c", _TEMPLATES).strip())
    for name, changes in _TEMPLATE_CHANGES.items():
        text = (original / name).read_text("utf-8")
        for old, new in changes:
            if text.count(old) != 1:
                raise ToolError(f"{name} of openapi-python-client does not contain this text exactly once:\n{old}")
            text = text.replace(old, new)
        (folder / name).write_text(text, "utf-8")


def _run(*command: str, cwd: Path = _TOOLS) -> str:
    """Run a command in the environment of `tools/clients`, which uv creates if necessary. Return the output."""
    uv = (sys.executable, "-m", "uv", "run", "--frozen", "--quiet", "--project", str(_TOOLS))
    environment = os.environ | {"UV_PROJECT_ENVIRONMENT": str(_TOOLS / ".venv")}
    environment.pop("VIRTUAL_ENV", None)
    result = subprocess.run(  # noqa: S603 - a tool of uv.lock, and this package provides the arguments
        [*uv, "--python", sys.executable, *command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise ToolError(f"{' '.join(command)}\n{result.stdout}{result.stderr}")
    return result.stdout
