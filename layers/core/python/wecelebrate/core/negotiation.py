"""Content negotiation (RFC 9110, section 12): the headers Accept and Accept-Encoding, and the header Vary."""

import re
from collections.abc import Sequence

_WEIGHT = re.compile(r"^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$")


def _weights(header: str) -> dict[str, float]:
    """Map each value of a header to its weight (`q`). A value with a malformed weight is ignored."""
    weights: dict[str, float] = {}
    for element in header.split(","):
        value, *parameters = (part.strip().lower() for part in element.split(";"))
        weight = "1"
        for parameter in parameters:
            name, _, text = parameter.partition("=")
            if name.strip() == "q":
                weight = text.strip()
        if value and _WEIGHT.match(weight):
            weights[value] = float(weight)
    return weights


def content_coding(accept_encoding: str | None, offers: Sequence[str]) -> str | None:
    """Return the content coding to use, or None for no coding.

    `offers` are the supported codings, best first. The result is None if the header is missing or empty, if the client
    accepts no coding, or if the client prefers an uncompressed response.
    """
    weights = _weights(accept_encoding or "")
    other = weights.get("*", 0.0)
    accepted = {coding: weights.get(coding, weights.get(f"x-{coding}", other)) for coding in offers}
    best = max(offers, key=lambda coding: accepted[coding], default=None)
    if best is None or accepted[best] <= 0:
        return None
    return best if accepted[best] >= weights.get("identity", 0.0) else None


def media_type(accept: str | None, offers: Sequence[str]) -> str:
    """Return the media type that the client prefers.

    If the client prefers several types equally, or accepts no type, the result is the first of the `offers`.
    """
    weights = _weights(accept or "*/*")

    def weight(offer: str) -> float:
        ranges = (offer, f"{offer.partition('/')[0]}/*", "*/*")
        return next((weights[name] for name in ranges if name in weights), 0.0)

    return max(offers, key=weight)


def vary(current: str | None, name: str) -> str:
    """Add a header name to a value of `Vary`, and return the new value."""
    names = [part.strip() for part in (current or "").split(",") if part.strip()]
    if "*" in names:
        return "*"
    return ", ".join(names if name.lower() in map(str.lower, names) else [*names, name])
