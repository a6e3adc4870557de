"""The pages about problems, as JSON."""

from pydantic import BaseModel, Field


class ProblemSummary(BaseModel):
    """A problem that the API can return."""

    code: str = Field(description="The stable identifier of the problem.")
    status: int = Field(description="The HTTP status of the response.")
    title: str
    """What is wrong, as a sentence for people."""


class ProblemPage(ProblemSummary):
    """The page of a problem: what the problem means, and what to do."""

    explanation: str = Field(description="Markdown (CommonMark).")


class ProblemIndex(BaseModel):
    """All problems that the API can return."""

    data: list[ProblemSummary]
