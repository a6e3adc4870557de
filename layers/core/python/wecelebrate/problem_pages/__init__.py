"""The public pages about problems. Each page says what a code means, and what to do.

The `type` of each problem document is the URL of a page. The text of a page comes from the docstring of the problem's
class. The caller can get a page as HTML, Markdown or JSON.
"""

from functools import lru_cache
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

from wecelebrate.core.errors import NotFound
from wecelebrate.core.etags import etag
from wecelebrate.core.negotiation import media_type
from wecelebrate.problem_pages import rendering
from wecelebrate.problem_pages.models import ProblemIndex, ProblemPage, ProblemSummary
from wecelebrate.problem_pages.registry import problem_classes

MARKDOWN, JSON, HTML = "text/markdown", "application/json", "text/html"
_OFFERS = (MARKDOWN, JSON, HTML)
"""The media types of the pages. A caller without a preference, e.g. curl in a terminal, gets the first media type."""
FORMATS: dict[int | str, dict[str, Any]] = {
    200: {"content": {offer: {"schema": {"type": "string"}} for offer in (MARKDOWN, HTML)}}
}
"""The formats of the pages in addition to JSON, for the OpenAPI document."""
_HEADERS = {
    "Cache-Control": "public, max-age=3600",
    "Vary": "Accept",
    "Content-Security-Policy": rendering.CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


def index_response(request: Request) -> Response:
    """Respond with the list of all problems."""
    preferred = _preferred(request)
    return _response(_index_text(preferred), preferred)


def page_response(request: Request, code: str) -> Response:
    """Respond with the page of a problem. Raises NotFound."""
    if code not in problem_classes():
        raise NotFound(f"No problem has this code. {request.url.path.rpartition('/')[0]} lists all codes.")
    preferred = _preferred(request)
    return _response(_page_text(code, preferred), preferred)


def _preferred(request: Request) -> str:
    return media_type(request.headers.get("accept"), _OFFERS)


def _response(text: str, preferred: str) -> Response:
    return Response(text, media_type=preferred, headers={**_HEADERS, "ETag": etag(text)})


@lru_cache
def _index_text(preferred: str) -> str:
    summaries = [
        ProblemSummary(code=code, status=problem.status, title=problem.title())
        for code, problem in problem_classes().items()
    ]
    renderers = {MARKDOWN: rendering.index_markdown, HTML: rendering.index_html}
    return renderers[preferred](summaries) if preferred in renderers else _json(ProblemIndex(data=summaries))


@lru_cache
def _page_text(code: str, preferred: str) -> str:
    problem = problem_classes()[code]
    page = ProblemPage(code=code, status=problem.status, title=problem.title(), explanation=problem.explanation())
    renderers = {MARKDOWN: rendering.page_markdown, HTML: rendering.page_html}
    return renderers[preferred](page) if preferred in renderers else _json(page)


def _json(model: BaseModel) -> str:
    return model.model_dump_json()
