"""The error that the generators of both clients raise."""


class ToolError(Exception):
    """A command of a tool failed. The message contains the command and its output."""
