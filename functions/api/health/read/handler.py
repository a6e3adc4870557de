"""Health: report whether the API and its database respond."""

from wecelebrate.core.health import Health, check
from wecelebrate.core.http import api, serve

app = api()


@app.get("/v1/health")
def health() -> Health:
    return check()


handler = serve(app)
