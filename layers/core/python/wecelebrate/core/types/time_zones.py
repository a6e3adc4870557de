"""IANA time zones of places."""

from functools import cache
from typing import Annotated

from pydantic import AfterValidator

from wecelebrate.core.types.text import Line

_AREAS = frozenset(
    [
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Brazil",
        "Canada",
        "Chile",
        "Europe",
        "Indian",
        "Mexico",
        "Pacific",
        "US",
    ]
)
"""The name of a place's time zone begins with one of these areas, e.g. `Europe/Berlin`. Names such as `Factory`,
`EST5EDT` or `Etc/GMT+5` are not places. `localtime` and `posixrules` are the time zone of the machine."""


@cache
def _time_zones() -> frozenset[str]:
    # The import is inside the function, because every function imports the types, but few functions check a time zone.
    from zoneinfo import available_timezones

    places = {name for name in available_timezones() if "/" in name and name.partition("/")[0] in _AREAS}
    return frozenset(places | {"UTC", "Etc/UTC"})


def check_time_zone(name: str) -> str:
    """Return `name`. Raises ValueError unless `name` is UTC or the name of a place in the IANA database."""
    if name not in _time_zones():
        raise ValueError("must be the IANA time zone of a place, e.g. Europe/Berlin, or UTC")
    return name


Timezone = Annotated[str, Line(100), AfterValidator(check_time_zone)]
"""The IANA time zone of a place, or UTC."""
