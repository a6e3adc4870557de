"""What the generators of both clients have in common."""


class ToolError(Exception):
    """A command of a tool failed. The message contains the command and its output."""
