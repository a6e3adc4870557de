"""`python -m infra.command`: the command where no script is installed."""

from infra.command import app

app(prog_name="wecelebrate")
