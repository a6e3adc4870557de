"""A function that consists only of a FastAPI route with a model, and Mangum. The benchmarks compare its CPU time with
the CPU time of the platform's functions."""

from fastapi import FastAPI
from mangum import Mangum
from pydantic import BaseModel

app = FastAPI(openapi_url=None)


class Health(BaseModel):
    """A small response."""

    status: str


@app.get("/v1/health")
async def health() -> Health:
    """Answer without any work."""
    return Health(status="ok")


handler = Mangum(app, lifespan="off")
