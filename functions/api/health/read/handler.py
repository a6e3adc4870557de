"""Health: report whether the API and its database respond."""

from wecelebrate.core.health import Health, check
from wecelebrate.core.http import api, serve

app = api()


@app.get("/v1/health")
def health() -> Health:
    """Report whether the API and both database endpoints answer."""
    return check()


handler = serve(app)
