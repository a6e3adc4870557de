"""Recognises work schedules, which have a column for each day of the week and no prices of products."""

# ruff: noqa: RUF001

from collections.abc import Sequence

from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.items import UnreadableFeed

_DAYS = tuple(
    tuple(map(fold, days.split()))
    for days in (
        "monday tuesday wednesday thursday friday saturday sunday", "mon tue wed thu fri sat sun",
        "montag dienstag mittwoch donnerstag freitag samstag sonntag", "mo di mi do fr sa so",
        "lundi mardi mercredi jeudi vendredi samedi dimanche", "lun mar mer jeu ven sam dim",
        "lunes martes miércoles jueves viernes sábado domingo", "lun mar mié jue vie sáb dom",
        "lunedì martedì mercoledì giovedì venerdì sabato domenica", "lun mar mer gio ven sab dom",
        "segunda terça quarta quinta sexta sábado domingo", "seg ter qua qui sex sáb dom",
        "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag", "ma di wo do vr za zo",
        "mandag tirsdag onsdag torsdag fredag lørdag søndag", "man tir ons tor fre lør søn",
        "måndag tisdag onsdag torsdag fredag lördag söndag", "mån tis ons tors fre lör sön",
        "maanantai tiistai keskiviikko torstai perjantai lauantai sunnuntai", "ma ti ke to pe la su",
        "poniedziałek wtorek środa czwartek piątek sobota niedziela", "pon wt śr czw pt sob nd",
        "pondělí úterý středa čtvrtek pátek sobota neděle", "po út st čt pá so ne",
        "hétfő kedd szerda csütörtök péntek szombat vasárnap", "pazartesi salı çarşamba perşembe cuma cumartesi pazar",
        "понедельник вторник среда четверг пятница суббота воскресенье", "пн вт ср чт пт сб вс",
    )
)  # fmt: skip
MIN_DAYS = 5


def refuse_roster(header: Sequence[str], *, has_price: bool) -> None:
    """Raise UnreadableFeed if the file has columns for at least five days of the week, and no price.

    A file with prices is accepted, because a list of products can contain the days on which products are delivered.
    """
    names = {fold(name) for name in header if len(name) <= 20}
    if not has_price and any(len(names.intersection(days)) >= MIN_DAYS for days in _DAYS):
        raise UnreadableFeed(
            "this looks like a plan of work for the days of a week, and not like a list of products: its columns are "
            f"{', '.join(name[:40] for name in header[:10])}; send the list of products, or name the SKU column in the "
            "catalog's sync settings"
        )
