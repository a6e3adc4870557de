"""Runs the command as `python -m infra.command`. This works even if the script `wecelebrate` is not installed."""

from infra.command import app

app(prog_name="wecelebrate")
