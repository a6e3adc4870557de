"""Recognises lists that are not a catalogue, such as a list of customers that was sent by mistake.

A customer number is not a SKU. A file with customer numbers, but without prices, stocks and product names, is refused,
because each customer would become a product.
"""

import re
from collections.abc import Iterable, Sequence

from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.items import UnreadableFeed, quoted

MAX_NAME = 60
MIN_KINDS = 3
"""A file with at least this many kinds of columns from the list below is a list of addresses."""
_KINDS = tuple(
    re.compile(rf"(?:{names})")
    for names in (
        # street
        r"stra(?:ss|\u00df)e.*|str|street.*|address.*|adress.*|anschrift|rue|calle|via|indirizzo|direccion|rua|endereco|morada|"
        r"straat|gatuadress|gade|ulica|adres.*|ulice|utca|cim|katuosoite|osoite|улица|адрес|住所|地址|주소|العنوان",
        # postal code
        r"plz|postleitzahl|zip.*|post(?:al)?code|codepostal|codigopostal|cap|cep|postnummer|postnr|kodpocztowy|psc|"
        r"iranyitoszam|postinumero|индекс|郵便番号|邮编|우편번호|postakodu",
        # city
        r"ort|stadt|city|town|ville|ciudad|citta|cidade|localidad|plaats|woonplaats|stad|by|miasto|mesto|varos|kaupunki|sehir|"
        r"город|市区町村|城市|도시",
        # e-mail
        r"e?mail(?:adresse|address)?|correo.*|courriel|sahkoposti|epost(?:a|adresse)?|почта|メール.*|邮箱|이메일",
        # telephone
        r"tel(?:efon|ephone|efono|efoon|nr)?(?:nummer|number|nr)?|phone.*|mobile?|handy|fax|puhelin|telefone|telemovel|"
        r"телефон|電話.*|电话|전화.*",
        # person
        r"ansprechpartner.*|kontakt(?:person)?|contact(?:person|name)?|vorname|nachname|firstname|lastname|surname|"
        r"prenom|apellidos?|nachnaam|voornaam|fornavn|etternavn|efternavn|fornamn|efternamn|imie|nazwisko|jmeno|prijmeni|"
        r"anrede|salutation|birthday|geburtsdatum|фамилия|имя",
        # number of the customer
        r"kunden?(?:nr|no|nummer)|kdnr|kdn|customer(?:no|number|id|code)|client(?:no|number|id|code)|account(?:no|number|code)|"
        r"debitor(?:ennr|nr)?|numclient|numeroclient|codeclient|codcliente|codigocliente|codicecliente|ncliente|"
        r"klantnummer|klantnr|kundenummer|kundnummer|nrklienta|kodklienta|cislozakaznika|vevokod|asiakasnumero|"
        r"кодклиента|顧客番号|客户编号|고객번호",
        # employee
        r"(?:employee|staff|mitarbeiter|personal|salarie|empleado|dipendente|medewerker|funcionario)(?:id|nr|no|n|nummer|number|code)|"
        r"matricule|personalnummer|personnelnumber",
        # salary
        r"(?:base|monthly|annual|hourly)?(?:salary|wage|gehalt|lohn|bruttolohn|salaire|salario|stipendio|salaris|lon|lonn)|hiredate|"
        r"eintrittsdatum|dateembauche|fechaalta|jobtitle",
        # conditions of a customer
        r"zahlungsziel|zahlungsbedingung.*|kreditlimit|paymentterms|creditlimit|conditionspaiement|ustid.*|vatno|vatnumber|"
        r"umsatz.*|turnover|partitaiva|nif|cif|siret|iban|bic|termindeplata|limitkredytu|nip",
    )
)

_CUSTOMER = 6
"""The index in _KINDS of the pattern for customer numbers."""
_EMPLOYEE = 7
"""The index in _KINDS of the pattern for employee numbers."""


_DOCUMENT = re.compile(
    r"(?:order|invoice|rechnungs?|auftrags?|bestellungs?|beleg|facture|commande|pedido|factura|ordine|fattura|encomenda|fatura|"
    r"factuur|ordre|lieferschein|lieferscheins?|deliverynote|packing(?:slip|list)|shipment|bon(?:de)?livraison|albaran|ddt|pakbon|"
    r"dodacilist|foljesedel|folgeseddel|purchaseorder|po|faktura|zamowieni[ae]|objednavk[ay]|siparis|заказа?|счета?)"
    r"(?:nr|no|n|num|number|nummer|id|numero|code|cislo|номер)?|(?:no|n|numero|num|nr)(?:de?)?"
    r"(?:facture|commande|pedido|factura|ordine|fattura|fatura|devis|bl|bondelivraison)|"
    r"(?:quote|quotation|angebots?|offert[ea]?|devis|presupuesto|preventivo|proforma|return|rma|retour|retouren|reklamations?|"
    r"receipt|bon|ticket|transaction|transaktions?)(?:nr|no|n|num|number|nummer|numero|id|ref)"
)
_DOCUMENT_DATE = re.compile(
    r"(?:po|order|invoice|rechnungs|auftrags|bestell|beleg|liefer|buchungs|bewegungs|"
    r"paid|fulfilled|placed|posting|movement|transaction|delivery|ship(?:ping|ped|ment)?|dispatch)?(?:date|datum)|(?:created|paid|fulfilled|placed|ordered|processed|cancelled)(?:at|on)?|"
    r"date(?:de)?(?:facture|commande|livraison|expedition|mouvement)|fecha.*|data.*|dato"
)
_PARTNER = re.compile(
    r"(?:customer|client|kunden?|buyer|kaufer|acheteur|cliente|comprador|klant|kund|klient|zakaznik|musteri|клиент|покупатель)"
    r"(?:name|nom|nombre|nome)?"
)


_LINE = re.compile(
    r"(?:qty|qte|qta|qtd|quantity|quantite|quantita|quantidade|cantidad|menge|anzahl|aantal|antal|antall|ilosc|mnozstvi|pocet|adet|unidades)"
    r"(?:ordered|sold|purchased|bestellt|verkauft|commandee?|vendue?|pedida|vendida|ordinata|venduta|besteld|verkocht|bestilt|"
    r"solgt|bestalld|sald)?|(?:ordered|sold|purchased|bestellte|verkaufte)(?:qty|quantity|menge)|"
    r"(?:order|line|item|invoice|document|beleg|rechnungs|auftrags|zeilen|positions)(?:total|amount|betrag|summe|quantity|qty)|"
    r"(?:gesamt|rechnungs|auftrags)(?:betrag|summe)|total(?:order|commande|pedido|ordine|facture|factura|ht|ttc)?|"
    r"shipto|billto|shipping(?:address|name|city|country)|billing(?:address|name|city|country)|lieferadresse|rechnungsadresse"
)
"""Columns of the lines of orders: the ordered quantity, the amount, and the address of delivery."""
_PURCHASE = re.compile(r"po(?:no|nr|number|id|code)?$|purchaseorder")
"""The number of an order that the sender has placed with a supplier."""
_LINES_OF_PATH = re.compile(
    r"(?:.*\.)?(?:line_?items|order_?(?:items|lines|rows)|items|lines|rows|"
    r"positions|positionen|artikel|articles)\.\d+\.|line_?item[ _]",
    re.IGNORECASE,
)
"""The path of an order line in JSON, or the name of a column of order lines in Shopify. The file contains orders only
if it also has a customer and a date.
"""
_NO_DOCUMENTS = frozenset(("order", "ordre", "bestellnr", "bestellnummer", "ordering", "bestellno"))
"""Names that can also mean a position in a list, or the product number that customers use in orders."""
_MAIL = 3
"""The index in _KINDS of the pattern for e-mail addresses."""


def names_address(column: str) -> bool:
    """Return whether the name of a column is typical of a list of customers, orders or other addresses."""
    folded = fold(column)
    return len(column) <= MAX_NAME and any(
        kind.fullmatch(folded) for kind in (*_KINDS, _PARTNER, _DOCUMENT, _DOCUMENT_DATE)
    )  # fmt: skip


def names_total(column: str) -> bool:
    """Return whether a column name means the amount of a line, or a sum: `Gesamt`, `Line total`."""
    return len(column) <= MAX_NAME and _TOTAL.fullmatch(fold(column)) is not None


def names_document(column: str) -> bool:
    """Return whether a column name means the number of an order or an invoice. The ambiguous `Order` is excluded."""
    folded = fold(column)
    return _DOCUMENT.fullmatch(folded) is not None and folded not in _NO_DOCUMENTS


def refuse_list_of_documents(header: Sequence[str], sku: Sequence[int], *, has_name: bool) -> None:
    """Raise UnreadableFeed if each row is an order or an invoice of a customer, with its date, and not a product."""
    names = [fold(name) for name in header if len(name) <= MAX_NAME]
    is_document = any(_DOCUMENT.fullmatch(fold(header[number])) for number in sku if len(header[number]) < MAX_NAME)
    if (
        is_document
        and not has_name
        and any(map(_DOCUMENT_DATE.fullmatch, names))
        and any(map(_PARTNER.fullmatch, names))
    ):
        raise UnreadableFeed(
            "this looks like a list of orders or invoices, and not like a list of products: its columns are "
            f"{', '.join(name[:40] for name in header[:10])}; send the list of products, or name the SKU column in the "
            "catalog's sync settings"
        )


def refuse_lines_of_documents(header: Sequence[str], sku: Sequence[int]) -> None:
    """Raise UnreadableFeed if each row is a product in a customer's order, with the number and the date of the order.

    The unit prices of orders contain discounts, and ordered quantities are not a stock.
    """
    names = [fold(name) for name in header if len(name) <= MAX_NAME]
    skus = {fold(header[number]) for number in sku}
    numbers = [name for name in names if _DOCUMENT.fullmatch(name) and name not in skus and name not in _NO_DOCUMENTS]
    has_partner = any(map(_PARTNER.fullmatch, names)) or any(map(_KINDS[_MAIL].fullmatch, names))
    has_partner = has_partner or any(map(_PURCHASE.match, numbers))
    has_date = any(map(_DOCUMENT_DATE.fullmatch, names))
    has_lines = any(map(_LINES_OF_PATH.match, header))
    if has_partner and has_date and (has_lines or (numbers and any(map(_LINE.fullmatch, names)))):
        raise UnreadableFeed(
            "this looks like a list of orders or invoices, and not like a list of products: its columns are "
            f"{', '.join(name[:40] for name in header[:10])}; send the list of products, or name the SKU column in the "
            "catalog's sync settings"
        )


_MOVEMENT = re.compile(
    r"(?:lager|bestands|stock|inventory|material)?(?:bewegung|movement|transaction|transaktion|mouvement|movimiento|movimento|"
    r"mutatie|bevegelse|bevaegelse|rorelse|pohyb|ruch|hareket|движение|операция|入出庫|入出库)(?:s?art|s?typ[eo]?|type|kind|区分|类型)?|"
    r"buchungsart|vorgangsart|typedemouvement|tipo(?:de)?movim(?:iento|ento)|zugangabgang|entrada(?:salida|saida)|"
    r"entreesortie|przychodrozchod"
)


_INCOMING = re.compile(
    r"(?:zugange?|eingang|receipts?|received|qtyin|in|entrees?|entradas?|ingressi|carichi?o?|carico|tilgang|inleverans|"
    r"przychod|prijem|ulaz|intrari|bevet|tulo|приход|поступило|入庫|入库|입고)(?:qty|menge)?"
)
_OUTGOING = re.compile(
    r"(?:abgange?|ausgang|issues?|issued|qtyout|out|sorties?|salidas?|saidas?|uscite|scarichi?o?|scarico|afgang|"
    r"uttag|rozchod|vydej|izlaz|iesiri|kiadas|lahto|расход|отпущено|出庫|出库|출고)(?:qty|menge)?"
)
"""Columns with the quantity that left a store on one day. `_INCOMING` are columns with the quantity that arrived."""
_TOTAL = re.compile(
    r"(?:gesamt|total|line|position|zeilen|item)?(?:summe|betrag|preis|amount|total|price)|gesamt|montant(?:ht|ttc)?|importe|"
    r"importo|totale?|bedrag|totaal|belopp|summa|belob|kwota|wartosc(?:brutto|netto)?|castka|celkem|ertek|suma|valoare|"
    r"tutar|сумма|金額|金额|금액"
)
_POSITION = re.compile(
    r"pos(?:ition)?(?:nr|no|en)?|lfdnr|line(?:no|nr)?|ligne|linea|riga|linha|regel|rad|linje|lp|pol|tetel"
)


def refuse_document(titles: Sequence[Sequence[str]], names: Sequence[str]) -> None:
    """Raise UnreadableFeed if the rows above the header say that the table is an invoice or an order of a customer.

    These rows contain the number of the document, and its date or its customer. The table contains totals of lines, or
    positions.
    """
    labels = [fold(label) for row in titles for cell in row if (label := cell.partition(":")[0])[:MAX_NAME] == label]
    folded = [fold(name) for name in names if len(name) <= MAX_NAME]
    has_number = any(_DOCUMENT.fullmatch(label) and label not in _NO_DOCUMENTS for label in labels)
    has_date = any(map(_DOCUMENT_DATE.fullmatch, labels))
    has_customer = any(map(_PARTNER.fullmatch, labels)) or any(map(_KINDS[_CUSTOMER].fullmatch, labels))
    if not has_number or not (has_date or has_customer):
        return
    has_lines = any(map(_LINE.fullmatch, folded)) and any(map(_TOTAL.fullmatch, folded))
    if has_lines or (has_customer and any(map(_POSITION.fullmatch, folded))):
        raise UnreadableFeed(
            "this looks like the invoice or the order of one customer, and not like a list of products: the rows above "
            f"its columns have {', '.join(quoted(cell, 40) for row in titles for cell in row[:1] if cell)}; send the "
            "list of products, or name the SKU column in the catalog's sync settings"
        )


def refuse_movements(header: Sequence[str], sku: Sequence[int]) -> None:
    """Raise UnreadableFeed if each row is a movement of a stock, with its date and quantity, and not a product."""
    names = [fold(name) for number, name in enumerate(header) if len(name) <= MAX_NAME and number not in sku]
    has_kind = any(map(_MOVEMENT.fullmatch, names)) and any(map(_LINE.fullmatch, names))
    has_directions = any(map(_INCOMING.fullmatch, names)) and any(map(_OUTGOING.fullmatch, names))
    if any(map(_DOCUMENT_DATE.fullmatch, names)) and (has_kind or has_directions):
        raise UnreadableFeed(
            "this looks like a list of movements of a stock, and not like a list of products: its columns are "
            f"{', '.join(name[:40] for name in header[:10])}; send the list of products, or name the SKU column in the "
            "catalog's sync settings"
        )


def refuse_list_of_addresses(header: Sequence[str], sku: Sequence[int], *, has_name: bool) -> None:
    """Raise UnreadableFeed if the column names are typical of a list of customers or other addresses.

    `sku` are the columns of the SKU. `has_name` says that the file has a name column. If the file has a usual SKU
    column, its names are names of products, and not of customers.
    """
    names = [fold(name) for name in header if len(name) <= MAX_NAME]
    kinds = sum(any(kind.fullmatch(name) for name in names) for kind in _KINDS)
    keys = [fold(header[number]) for number in sku if len(header[number]) < MAX_NAME]
    is_number = any(_KINDS[_CUSTOMER].fullmatch(key) for key in keys)
    is_staff = any(_KINDS[_EMPLOYEE].fullmatch(key) for key in keys)
    if is_staff or (kinds >= MIN_KINDS and (is_number or not has_name)):
        raise UnreadableFeed(
            "this looks like a list of customers or other addresses, and not like a list of products: its columns are "
            f"{', '.join(name[:40] for name in header[:10])}; send the list of products, or name the SKU column in the "
            "catalog's sync settings"
        )


_DOCUMENTS = re.compile(
    r"(?:purchase|sales|customer|web)?(?:orders?|invoices?)|rechnung(?:en)?|auftrag|auftraege|bestellung(?:en)?|lieferscheine?|"
    r"commandes?|factures?|pedidos?|facturas?|ordin[ei]|fatture|fattura|encomendas?|faturas?|bestellingen|facturen|ordrer|"
    r"fakturaer|fakturor|zamowieni[ae]|faktury?|objednavk[ay]|заказы?|счета?|shipments?|deliver(?:y|ies)"
)
_CUSTOMERS = re.compile(
    r"(?:customer|client|kunde|buyer|billto|shipto|billing|shipping|klant|cliente|acheteur|kund|klient|zakaznik|"
    r"recipient|empfanger|lieferadresse|rechnungsadresse|debitor|клиент|покупатель).*"
)


def refuse_lines_in_elements(ancestors: Sequence[str], names: Iterable[str]) -> None:
    """Raise UnreadableFeed if the products of an XML file are the lines of orders or invoices.

    `ancestors` are the elements that contain a product. `names` are the other elements of the same document.
    """
    documents = [name for name in ancestors if _DOCUMENTS.fullmatch(fold(name))]
    if documents and any(_CUSTOMERS.fullmatch(fold(name)) for name in names):
        raise UnreadableFeed(
            f"this looks like a list of orders or invoices, and not like a list of products: the products are in the "
            f"element {quoted(documents[-1], 40)} beside a customer; send the list of products, or name the element of "
            "a product as `record` in the catalog's sync settings"
        )
