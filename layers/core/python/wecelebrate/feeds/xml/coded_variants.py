"""Finds the variants of a product by their codes, in XML with unknown element names.

    <obuwie kod="OP-330"><cena>64.90</cena>
      <rozmiary><rozmiar numer="41" kod="OP-330-41" stan="3"/>…</rozmiary>
    </obuwie>

The elements of a list are variants if each element has a different code that begins with the code of the product. Each
variant becomes a record with the values of the product. The variant's own values replace the product's values with the
same names.
"""

import re
from collections.abc import Iterator
from copy import deepcopy

from wecelebrate.feeds.items import Record
from wecelebrate.feeds.xml.flat import Flattener, text_of
from wecelebrate.feeds.xml.reader import Element, local

MIN_CODE = 3
MAX_CODE = 60
MAX_VARIANTS = 500
MAX_VALUES = 60
"""The maximum number of attributes or children of a product or a variant. Larger records can be hostile."""
MAX_CODES = 10
_DIGIT = re.compile(r"\d")


def records_of_variants(element: Element, flat: Flattener) -> Iterator[Record]:
    """Yield a record for each variant. Yields nothing if the element has no variants with codes."""
    codes = {path: text for path, text in _own_values(element).items() if _is_code(text)}
    if not 0 < len(codes) <= MAX_CODES:
        return
    for at, container in enumerate(element):
        if not isinstance(container.tag, str) or not len(container):
            continue
        if not _are_alike(container):
            continue
        variants = [_own_values(part) for part in container if isinstance(part.tag, str)]
        path = _path_of_code(codes, variants)
        if path is None:
            continue
        product = deepcopy(element)
        product.remove(product[at])
        shared = flat(product)
        for values in variants:
            code = next(name for name, text in values.items() if _begins_with(text, codes[path]))
            own = {name.removeprefix("@"): text for name, text in values.items() if name != code}
            yield {**shared, **own, path: values[code]}
        return


def _own_values(element: Element) -> dict[str, str]:
    """Map names to values: the attributes (with a @ before the name), and the children that contain only text."""
    if len(element.attrib) > MAX_VALUES or len(element) > MAX_VALUES:
        return {}
    values = {f"@{str(name).rpartition('}')[2]}": str(text).strip() for name, text in element.attrib.items()}
    for part in element:
        if isinstance(part.tag, str) and not len(part):
            values.setdefault(local(part), text_of(part))
    return values


def _is_code(text: str) -> bool:
    return MIN_CODE <= len(text) <= MAX_CODE and " " not in text and bool(_DIGIT.search(text))


def _are_alike(container: Element) -> bool:
    if len(container) > MAX_VARIANTS:
        return False
    return len({local(part) for part in container if isinstance(part.tag, str)}) == 1


def _path_of_code(codes: dict[str, str], variants: list[dict[str, str]]) -> str | None:
    """Return the name of the product's code.

    The code of each variant begins with the product's code, and the codes of the variants differ.
    """
    for path, code in codes.items():
        own = [next((text for text in values.values() if _begins_with(text, code)), "") for values in variants]
        if all(own) and len(set(own)) == len(own):
            return path
    return None


def _begins_with(text: str, code: str) -> bool:
    return len(code) < len(text) <= MAX_CODE and text.startswith(code) and " " not in text
