"""Why an outbound request fails. The text of each error says it for people."""


class OutboundError(Exception):
    """An outbound request failed."""


class NotAllowed(OutboundError):
    """Requests to this URL are not allowed."""


class ResponseTooLarge(OutboundError):
    """The response is larger than the caller accepts."""


class Unreachable(OutboundError):
    """The server did not respond in time, or not with valid HTTP."""
