"""Draws docs/architecture.svg from the declarations of the functions: `python -m infra.diagram`.

The picture has its own background, and follows the light or dark mode of the reader.
"""

import re
import textwrap
from collections.abc import Iterable, Sequence
from html import escape

from infra.functions import ROOT, FunctionSpec, bucket_names, functions
from infra.http_api import APIS

FILE = ROOT / "docs" / "architecture.svg"

SERVICES = {
    "API Gateway": "AWS::ApiGatewayV2::Api",
    "S3": "AWS::S3::Bucket",
    "EventBridge": "AWS::Events::Rule",
    "Lambda": "AWS::Lambda::Function",
    "SQS": "AWS::SQS::Queue",
    "Aurora PostgreSQL": "AWS::RDS::DBCluster",
    "RDS Proxy": "AWS::RDS::DBProxy",
    "SES": "AWS::SES::ConfigurationSet",
}
"""Maps a service in the picture to the type of the resource that the CDK stacks create for it. Only Upstash Redis is
outside of AWS."""

_WIDTH, _MARGIN, _LINE = 960, 20, 18
_COLUMN = (_WIDTH - 4 * _MARGIN) // 3
_LINE_LENGTH = 40
"""The maximum length of a wrapped line, in characters."""
_STYLE = """
svg { font: 13px system-ui, sans-serif; color-scheme: light dark }
.page { fill: #ffffff } .box { fill: #f6f8fa; stroke: #8c959f } text { fill: #1f2328 }
.title { font-weight: 600 } .note { fill: #59636e } .arrow { stroke: #59636e; fill: none; marker-end: url(#head) }
#head path { fill: #59636e }
@media (prefers-color-scheme: dark) {
.page { fill: #0d1117 } .box { fill: #151b23; stroke: #6e7681 } text { fill: #f0f6fc }
.note { fill: #9198a1 } .arrow { stroke: #9198a1 } #head path { fill: #9198a1 }
}
"""


def svg(specs: Sequence[FunctionSpec]) -> str:
    """Return the picture as SVG. specs: all functions."""
    api = [spec for spec in specs if spec.kind == "api"]
    workers = [spec for spec in specs if spec.kind == "queue"]
    schedules = [spec for spec in specs if spec.kind == "schedule"]
    entries = [
        (
            "API Gateway",
            [f"{sum(len(spec.routes) for spec in api)} routes in {len(APIS)} APIs, JWT authorizers", _callers()],
        ),
        ("S3", textwrap.wrap("buckets: " + ", ".join(bucket_names(tuple(specs))), _LINE_LENGTH)),
        ("EventBridge", [f"{len(schedules)} schedules", "feedback of SES about mails"]),
    ]
    compute = [
        (f"Lambda: {len(api)} functions of the API", _resources(api)),
        (f"SQS → Lambda: {len(workers)} workers", [_worker(spec, specs) for spec in workers]),
        (f"Lambda: {len(schedules)} schedules", [_schedule(spec) for spec in schedules]),
    ]
    stores = [
        (
            "RDS Proxy → Aurora PostgreSQL",
            [_users(specs, "database:write", "write"), _users(specs, "database:read", "only read")],
        ),
        ("Upstash Redis", [_users(specs, "cache", "use the cache"), "rate limits, sessions, cached pages"]),
        (
            "SES, public internet",
            [_users(specs, "email", "sends mails"), _users(specs, "internet", "call external URLs")],
        ),
    ]
    parts: list[str] = []
    top = _MARGIN
    for number, row in enumerate((entries, compute, stores)):
        height = 44 + _LINE * max(len(lines) for _, lines in row)
        for column, (title, lines) in enumerate(row):
            left = _MARGIN + column * (_COLUMN + _MARGIN)
            parts += _box(left, top, height, title, lines)
            if number:
                middle = left + _COLUMN // 2
                parts.append(f'<path class="arrow" d="M{middle} {top - 32} V{top - 4}"/>')
        top += height + 36
    height = top - 36 + _MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
            "<title>The architecture of wecelebrate</title>",
            f"<style>{_STYLE}</style>",
            '<marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
            '<path d="M0 0 L8 4 L0 8 Z"/></marker>',
            f'<rect class="page" width="{_WIDTH}" height="{height}" rx="8"/>',
            *parts,
            "</svg>\n",
        ]
    )


def _box(left: int, top: int, height: int, title: str, lines: Iterable[str]) -> list[str]:
    parts = [
        f'<rect class="box" x="{left}" y="{top}" width="{_COLUMN}" height="{height}" rx="6"/>',
        f'<text class="title" x="{left + 12}" y="{top + 24}">{escape(title)}</text>',
    ]
    for number, line in enumerate(lines, 1):
        parts.append(f'<text class="note" x="{left + 12}" y="{top + 26 + number * _LINE}">{escape(line)}</text>')
    return parts


def _callers() -> str:
    return f"for {', '.join(api.callers for api in APIS)}"


def _resources(api: Iterable[FunctionSpec]) -> list[str]:
    """Return the lines for the API: each resource with the intents of its functions."""
    intents: dict[str, list[str]] = {}
    for spec in api:
        intents.setdefault(spec.folder.parent.name, []).append(spec.folder.name)
    labels = [f"{name}: {', '.join(sorted(verbs))}" for name, verbs in sorted(intents.items())]
    # a line break must not be inside a label
    return textwrap.wrap(" · ".join(label.replace(" ", "\N{NO-BREAK SPACE}") for label in labels), _LINE_LENGTH)


def _worker(spec: FunctionSpec, specs: Sequence[FunctionSpec]) -> str:
    queues = spec.consumes(specs)
    return spec.queue_name if spec.has_queue else f"{len(queues)} dead-letter queues"


def _schedule(spec: FunctionSpec) -> str:
    assert spec.schedule is not None
    return f"{spec.folder.name.replace('_', '-')}: {re.sub(r'[()]', ' ', spec.schedule.expression).strip()}"


def _users(specs: Sequence[FunctionSpec], use: str, verb: str) -> str:
    """Return a line with the number of functions that declare `use` in `uses`."""
    count = sum(use in spec.uses for spec in specs)
    return f"{count} function{'s' if count != 1 else ''} {verb}"


if __name__ == "__main__":
    FILE.write_text(svg(functions()), "utf-8")
