"""The errors of outbound requests. Their texts can be shown to users."""


class OutboundError(Exception):
    """An outbound request failed."""


class NotAllowed(OutboundError):
    """Requests to this URL are not allowed."""


class ResponseTooLarge(OutboundError):
    """The response is larger than the caller accepts."""


class Unreachable(OutboundError):
    """The server did not respond in time, or its response is not valid HTTP."""
