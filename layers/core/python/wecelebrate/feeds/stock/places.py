"""Recognises files with one row for each SKU and place. The stocks of a SKU are added up."""

from collections.abc import Sequence

from wecelebrate.feeds.columns.facts import Columns
from wecelebrate.feeds.columns.names import field_candidates, name_forms
from wecelebrate.feeds.columns.repeats import Repeats
from wecelebrate.feeds.columns.visibility import is_property, private_part
from wecelebrate.feeds.vocabulary.words import words

_PLACE_NAMES = words(
    "warehouse warehousename warehousecode warehouseid location locationname locationcode locationid stocklocation "
    "inventorylocation storelocation store storename storecode storeid branch branchname branchcode depot site "
    "sitename sitecode plant facility outlet shopname place "
    "lagerort lagerortname lagername lagernummer lagernr filiale filialnummer filialname standort standortname werk "
    "niederlassung lagerhaus lgort werks "
    "entrepot magasin depots site lieu succursale pointdevente agence "
    "almacen tienda sucursal bodega ubicacion deposito centro "
    "magazzino negozio filiali sede puntovendita ubicazione "
    "armazem loja filial deposito localizacao "
    "magazijn vestiging filiaal locatie winkel "
    "lagersted lagerplats butik butikk varehus avdeling avdelning varasto toimipiste myymala "
    "magazyn sklep oddzial lokalizacja sklad pobocka prodejna raktar uzlet depo magaza sube "
    "depozit skladiste skladisce poslovnica gudang ladu sandelis noliktava kho chinhanh αποθηκη καταστημα склад "
    "магазин "
    "філія филиал 倉庫 店舗 拠点 仓库 門市 门店 창고 매장 مستودع المستودع مخزن انبار فرع الفرع מחסן סניף คลังสินค้า สาขา"
)
_LOT_NAMES = words(
    "lot lotno lotnumber lotnr batch batchno batchnumber charge chargennr chargennummer charg lote lotto partia sarze "
    "expiry expirydate expires expirationdate bestbefore mhd serialnumber bin binlocation binnumber shelf lagerplatz "
    "regal"
)
MAX_PLACES = 0.5
"""The maximum share of different values in a column of places."""


def is_place(column: str) -> bool:
    """Return whether the name of the column means a place where goods are stored."""
    return any(form in _PLACE_NAMES for form in name_forms(column))


def is_lot(column: str) -> bool:
    """Return whether the name of the column means a part of a stock, such as a lot or a bin."""
    return not is_property(column) and any(form in _LOT_NAMES for form in name_forms(column))


def named_places(header: Sequence[str]) -> list[int]:
    """Return the columns whose names mean a place."""
    return [number for number, column in enumerate(header) if is_place(column)]


def places_of(columns: Columns, repeats: Repeats) -> list[int]:
    """Return the columns that distinguish the rows of one SKU, if the rows differ only in the stock and in its place.

    The result is empty if the rows also differ in another way, or if no column contains the place.
    """
    header = columns.header
    if not any(is_stock(header[number]) for number in repeats.different):
        return []
    others = [number for number in repeats.different if not is_stock(header[number])]
    places = [number for number in others if is_place(header[number]) or is_lot(header[number])]
    rest = [number for number in others if number not in places and private_part(header[number]) is None]
    if places and not rest:
        return places
    return rest if not places and len(rest) == 1 and _may_be_place(columns, rest[0]) else []


def is_stock(column: str) -> bool:
    """Return whether the name of the column means a stock."""
    return any(name == "inventory_count" for name, _, _ in field_candidates(column))


def _may_be_place(columns: Columns, number: int) -> bool:
    """Return whether a column with an unknown name contains places: few different texts, no product property."""
    name, facts = columns.header[number], columns[number]
    if is_property(name) or field_candidates(name) or facts.filled < 1 or facts.share("is_number") > MAX_PLACES:
        return False
    return len(set(facts.cells)) <= max(2, MAX_PLACES * len(facts.cells))
