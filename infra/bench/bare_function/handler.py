"""The function with which the CPU time of our functions is compared: a route of FastAPI with a model, and Mangum."""

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
