"""The words for the smallest units of currencies, in names of price columns."""

from typing import Literal

from wecelebrate.feeds.vocabulary.words import words

Scale = int | Literal["currency"]
"""The number of decimals of whole numbers: 2 for cents. `currency` means the decimals of the price's currency."""
MINOR_UNITS: dict[str, Scale] = {
    **dict.fromkeys(words(
        "cent cents ct cts pence penny pennies centime centimes centimo centimos centesimo centesimi centavo centavos "
        "centen eurocent eurocents ore oere grosz grosze groszach groszy halere halerich bani kurus paise paisa fils "
        "kopek kopeks kopecks kopeyka sen satang sentti senttia stotinki rappen minor minorunit minorunits "
        "wgroszach vhalerich iore "
        "subunit subunits smallestunit smallestunits kleinsteeinheit"
    ), "currency"),
    **dict.fromkeys(words("micro micros microunits"), 6),
    **dict.fromkeys(words("milli millis milliunits"), 3),
}  # fmt: skip
"""Words for the smallest unit of a currency, and for smaller units that programs use."""
