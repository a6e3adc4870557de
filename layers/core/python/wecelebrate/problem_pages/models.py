"""The pages about problems, as JSON."""

from pydantic import BaseModel, Field


class ProblemSummary(BaseModel):
    """A problem that the API can return."""

    code: str = Field(description="The stable identifier of the problem.")
    status: int = Field(description="The HTTP status of the response.")
    title: str
    """A sentence for users that says what is wrong."""


class ProblemPage(ProblemSummary):
    """The page of a problem. It explains the problem and says what to do."""

    explanation: str = Field(description="Markdown (CommonMark).")


class ProblemIndex(BaseModel):
    """All problems that the API can return."""

    data: list[ProblemSummary]
