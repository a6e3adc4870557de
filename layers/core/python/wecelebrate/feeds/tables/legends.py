"""Finds the legend of a workbook that explains the colours of its cells. The reader does not read colours."""

import re
from collections.abc import Iterable, Sequence
from itertools import islice

MAX_ROWS = 40
MAX_LENGTH = 200
_COLOURS = (
    "red|yellow|green|blue|orange|grey|gray|pink|purple|rot(?:e|er|es)?|gelb(?:e|er|es)?|grün(?:e|er|es)?|"
    "blau(?:e|er|es)?|grau(?:e|er|es)?|rouge|jaune|vert|bleu|gris|rojo|amarillo|verde|azul|naranja|rosso|giallo|blu|"
    "arancione|grigio|vermelho|amarelo|laranja|rood|geel|groen|blauw|oranje|röd|gul|grön|blå|rød|grønn|grøn|czerwony|"
    "żółty|zielony|niebieski|červen[áýé]|žlut[áýé]|zelen[áýé]|красный|жёлтый|желтый|зелёный|зеленый|赤|黄|緑|青|红|黄色|绿"
)
_LEGEND = re.compile(
    rf"(?:{_COLOURS})(?:色|\s(?:cells?|rows?|text|prices?|zellen?|zeilen?|markiert|marked|hinterlegt))?\s*"
    r"(?:=|:|\u2013|->|→|means\b|bedeutet\b|heißt\b|signifie\b|significa\b)\s*\S.{2,}",
    re.IGNORECASE | re.DOTALL,
)


def colour_legend(rows: Iterable[Sequence[str | None]]) -> str | None:
    """Return the text of a cell such as `RED = discontinued`, or None if no row at the top is a legend.

    The row of a legend can have one more cell, with a label such as `Key:`. The row of a product has more cells.
    """
    for row in islice(rows, MAX_ROWS):
        filled = [cell.strip() for cell in row if cell and cell.strip()]
        texts = [cell for cell in filled if len(cell) <= MAX_LENGTH and _LEGEND.fullmatch(cell)]
        if texts and len(filled) <= len(texts) + 1:
            return texts[0]
    return None
