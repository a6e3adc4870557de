"""`python -m infra.command`: the command without its installed script."""

from infra.command import app

app(prog_name="wecelebrate")
