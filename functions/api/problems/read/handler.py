"""Problems: explain the code of each error, for people and for programs."""

from fastapi import Request, Response

from wecelebrate import problem_pages
from wecelebrate.core.http import api, serve
from wecelebrate.problem_pages.models import ProblemIndex, ProblemPage

app = api()


@app.get("/problems", response_model=ProblemIndex, responses=problem_pages.FORMATS)
def list_problems(request: Request) -> Response:
    """List the code, status and title of every problem that the API can return."""
    return problem_pages.index_response(request)


@app.get("/problems/{code}", response_model=ProblemPage, responses=problem_pages.FORMATS)
def get_problem(code: str, request: Request) -> Response:
    """Explain one problem: what happened, and what to do. The format follows the header Accept."""
    return problem_pages.page_response(request, code)


handler = serve(app)
