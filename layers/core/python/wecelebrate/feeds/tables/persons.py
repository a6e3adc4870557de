"""Refuses lists of persons, such as employees, customers and members, that are sent as a list of products.

The names and the values of the columns are evidence for persons, and for products:

| evidence for persons                                     | points | evidence for products              | points |
|----------------------------------------------------------|--------|------------------------------------|--------|
| the name of the row is in its e-mail address: Ann, ann@… | 3      | an article number or GTIN as SKU   | 3      |
| bank accounts (IBAN)                                     | 3      |                                    |        |
| birthdays                                                | 2      | another usual name for a SKU       | 2      |
| first names, last names, full names, salutations         | 2 or 4 | a price with a clear name          | 2      |
| the number of an employee, a customer or a member        | 2      | a stock with a clear name          | 2      |
| a different e-mail address in each row                   | 1      | a clear name for product names     | 2      |
| telephones, logins, a newsletter                         | 1 each | properties, brands and categories  | 1 each |
| a street together with a postal code or a city           | 1 each |                                    |        |
| wages, days of employment                                | 1 each |                                    |        |
| jobs, departments, points, terms of payment              | 1      |                                    |        |
| two words that can be the names of persons               | 1      |                                    |        |

A list is refused only if values also show persons. Such values are bank accounts, birthdays, e-mail addresses,
salutations, telephone numbers, streets with postal codes or cities, and first names together with last names. Numbers
of persons, names of persons and a third kind of evidence are also sufficient. Column names are not sufficient, because
they can have several meanings. For example, `Ad` and `Tên` can also mean the name of a product.

A list of products can also contain persons, such as buyers, authors or suppliers. Columns with such a word in their
names are not evidence for persons. The same is true for columns of brands and categories. The memory of the catalog,
and columns that were chosen without a clear name, are not evidence for products.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from wecelebrate.feeds.columns.facts import Columns, Facts
from wecelebrate.feeds.columns.names import field_candidates, fold, is_weak
from wecelebrate.feeds.columns.visibility import is_property
from wecelebrate.feeds.items import UnreadableFeed
from wecelebrate.feeds.plan.model import Plan
from wecelebrate.feeds.prices.names import price_name
from wecelebrate.feeds.states.words import date_of

MIN_POINTS = 3
"""A file is refused if it has at least this many points for persons, and fewer points for products."""
MAX_NAME = 60
MAX_COLUMNS = 60
MAX_ROWS = 60
MAX_CELL = 120
MOST = 0.8
HALF = 0.5
MIN_LETTERS = 3
"""The minimum length of a word that is searched in an e-mail address. Shorter words can be in an address by chance."""
_MAIL = re.compile(r"([^\s@]{1,64})@[^\s@]{1,100}\.[^\W\d_]{2,24}")
_WORDS = re.compile(r"[^\W\d_]+")
_PERSON = re.compile(r"[^\W\d_a-z][^\W\d_]*\.?(?:,? [^\W\d_][^\W\d_]*\.?){1,2}")
"""Two or three words of letters, such as `Ann Bexley` and `Rossi, Mario`."""
_OTHERS = re.compile(
    r"contact|kontakt|ansprech|supplier|vendor|lieferant|fourniss|proveed|fornit|leveranc|dostawc|dodavatel|buyer|einkauf|"
    r"acheteur|comprador|author|autor|auteur|artist|kunstler|designer|manufactur|hersteller|fabricant|teacher|trainer|"
    r"lehrer|docent|responsib|verantwort|manager|rep$|rep(?:name|phone|mail|email)|brand|owner|agent|seller|verkaufer|"
    r"support|service|producer|producent|makler|broker|actor|director|редактор|автор|поставщик|担当|作者|仕入|供应商|담당|저자"
)
_BIRTH = re.compile(
    r"birth|\bdob\b|^dob$|geburt|gebdat|^geb$|gebtag|naiss|nacim|nascim|nascita|geboorte|fodsel|fodelse|syntyma|urodz|naroz|"
    r"narod|szulet|dogumtar|nasterii|rodjenj|rodenj|rojstv|рожден|народж|рожд|γεννησ|生年月日|誕生日|生日|出生|생년월일|생일|ميلاد|לידה|"
    r"ngaysinh|lahir|วันเกิด|dzim|gimimo|sunni(?:aeg|kuup)"
)
_FIRST_NAMES = re.compile(
    r"(?:first|given|fore|middle)names?$|vornamen?$|^rufname$|prenoms?$|nombredepila|voorna(?:am|men)$|fornavn$|"
    r"fornamn$|etunimi$|^imie(?:iminazwisko)?$|^imiona$|jmenokrestni|krestnijmeno|keresztnev$|^utonev$|^prenume(?:le)?$|"
    r"отчество?$|^下の名前$"
)
_FIRST_NAMES_BESIDE_LAST_NAMES = re.compile(
    r"ad|adi|ten|имя|імя|名|名前|이름|nome|nombres?|nom|jmeno|meno|ime|nimi|vards|vardas|eesnimi|ονομα|name|firstnam"
)
"""Column names that can mean first names, but also the name of a product."""
_LAST_NAMES = re.compile(
    r"(?:last|sur|family)names?$|nachnamen?$|^familienname$|^nom(?:de)?famille$|apellidos?$|^cognome$|^sobrenome$|^apelido$|"
    r"achterna(?:am|men)$|etternavn$|efternavn$|efternamn$|sukunimi$|nazwisko$|prijmeni$|priezvisko$|vezeteknev$|"
    r"csaladnev$|^soyadi?$|^soyisim$|^фамили[яи]$|^прізвище$|^επωνυμο$|^prezime$|^priimek$|^[お御]?(?:姓|氏|苗字)$|^성$|^ho$"
)
_FULL_NAMES = re.compile(
    r"^full(?:legal)?names?$|(?:employee|customer|member|patient|student)names?$|^nominativo$|^nombrecompleto$|"
    r"^nomecompleto$|^nomcomplet$|^nom(?:et)?prenom$|^prenom(?:et)?nom$|^namevorname$|^vorname(?:und)?(?:nach)?name$|"
    r"^imiei?nazwisko$|^nazwiskoi?imie$|^jmenoaprijmeni$|^prijmeniajmeno$|^adi?soyadi?$|^ho(?:va)?ten$|^namalengkap$|"
    r"^фио$|^піб$|^ονοματεπωνυμο$|^[お御]名前$|^氏名$|^姓名$|^성명$|^성함$"
)
_SALUTATION = re.compile(
    r"^anrede$|salutation$|^civilite$|^titre(?:de)?civilite|^tratamiento$|^aanhef$|^tiltale$|^honorific|^обращение$|^敬称$"
)
_NAMES = (_FIRST_NAMES, _LAST_NAMES, _FULL_NAMES, _SALUTATION)
MAX_KINDS_OF_NAMES = 2
"""The maximum number of kinds of names that are counted as evidence, such as first names and last names."""
_SALUTATIONS = frozenset((
    "mr", "mrs", "ms", "miss", "mx", "herr", "frau", "monsieur", "madame", "mme", "mlle", "sr", "sra", "srta", "sig",
    "sigra", "signor", "signora", "dhr", "mevr", "pan", "pani", "hr", "fr",
))  # fmt: skip
_WRITTEN_LIKE_CODES = frozenset(("ms", "mx", "sr", "sig", "pan", "hr", "fr"))
"""Salutations that are also codes, for example of countries. The column name must mean salutations."""
_NUMBER = re.compile(
    r"^(?:(?:participant|attendee|teilnehmer|deelnemer|participante|employee|staff|personnel|mitarbeiter|personal|salarie|empleado|dipendente|medewerker|funcionario|pracownik|"
    r"zamestnanec|customer|client|kunden?|klant|cliente|klienta?|asiakas|zakaznik|vevo|musteri|member|mitglieds?|adherent|"
    r"socio|lid|medlems?|patienten?|student|schuler|pupil|guest|user|subscriber|emp)"
    r"(?:id|nr|no|n|num|nummer|number|code|kod|numero)|(?:id|nr|no|n|num|numero|codigo|codice|code|kod)(?:de|du|del|di|do)?"
    r"(?:client|cliente|klienta|empleado|dipendente|salarie|socio|adherent|pracownika)|matricul[ea]|matricola|kdnr|kdn|"
    r"табельныиномер|社員番号|会員番号|顧客番号|사번|회원번호|工号|会员编号)$"
)
_IBAN = re.compile(r"[A-Z]{2}\d{2} ?(?:[A-Z\d] ?){11,30}")
"""The form of an IBAN (ISO 13616). The check digits of at least one value must be correct."""
_WHOSE = r"(?:private?|work|office|home|mobile?|customer|client|billing|shipping|default|primary)?"
_PHONE = re.compile(
    rf"{_WHOSE}(?:(?:tele)?phone|tele?|telefon|telefono|telefone|telefoon|telephone|telefonnummer|mobile?|mobiltelefon|"
    r"handy|handynummer|cell|cellphone|cellulare|celular|movil|portable|fax|puhelin|puhelinnumero|телефон|номертелефона|"
    r"мобильныи|мобильныителефон)(?:no|nr|number|num|nummer|numero|phone|1|2|private?|home|work|mobile)?|"
    r"電話(?:番号)?|携帯(?:電話)?(?:番号)?|(?:联系)?电话(?:号码)?|手机号?码?|전화(?:번호)?|휴대폰(?:번호)?|연락처|"
    r"หมายเลขโทรศพท|โทรศพท|เบอรโทร|(?:so)?dienthoai|sdt"
)
_PHONE_NUMBER = re.compile(r"'?[+(]?\d[\d ()/.-]{4,22}\d")
MIN_DIGITS, MAX_DIGITS = 6, 15
_STREET = re.compile(
    rf"{_WHOSE}(?:strasse|str|street|streetaddress|address|addressline|adresse|anschrift|rue|calle|via|indirizzo|"
    r"direccion|domicilio|rua|endereco|morada|straat|ulica|adres|adresa|utca|cim|gata|gatuadress|gade|vej|osoite|"
    r"katuosoite|улица|адрес|адреспроживания|diachi|住所|地址|住址|주소)(?:line)?(?:no|nr|1|2)?|"
    r"strasse(?:und)?hausn(?:umme)?r"
)
_CITY = re.compile(
    rf"{_WHOSE}(?:ort|wohnort|stadt|city|town|ville|ciudad|citta|cidade|plaats|woonplaats|stad|miasto|mesto|varos|kaupunki|"
    r"sehir|город)"
)
_POSTAL_CODE = re.compile(
    rf"{_WHOSE}(?:plz|postleitzahl|zip|zipcode|postcode|postalcode|codepostal|codigopostal|cap|cep|postnummer|postnr|"
    r"kodpocztowy|psc|iranyitoszam|postinumero|индекс|почтовыииндекс|郵便番号|邮编|우편번호)"
)
_ADDRESS = (_STREET, _POSTAL_CODE, _CITY)
_CONTACTS = (
    _PHONE,
    *_ADDRESS,
    *map(
        re.compile,
        (
            r"username|login|lastlogin|password|passwort|lastseen|signup(?:date)?|registered(?:at|on)?",
            r"(?:email)?newsletter|acceptsmarketing|accepts(?:e?mail|sms)(?:marketing)?|(?:email|sms|marketing)?optin|"
            r"(?:un)?subscribed(?:at|on)?|(?:email|marketing|sms)?consent|einwilligung|werbeerlaubnis",
            r"(?:annual|monthly|base|gross|net)?salary(?:gross|net)?|wages?|hourly(?:rate|wage|pay)|(?:net|gross|base|basic)pay|"
            r"(?:monats|jahres|grund|brutto|netto)?(?:gehalt|lohn)(?:brutto|netto)?|stundenlohn|ral|retribuzione(?:lorda)?|"
            r"salaire(?:brut|net|base)?|salario(?:bruto|neto|lordo|base)?|stipendio(?:lordo)?|tariffaoraria|(?:bruto|netto)?salaris|"
            r"(?:bruto?|netto)?loon|uurloon|wynagrodzenie(?:brutto)?|pensja|manadslon|lon|lonn|palkka|mzda|plat|maas|fizetes|"
            r"зарплата|оклад|給与|基本給|時給|급여|기본급|工资|薪资|薪資",
            r"hire(?:d|date)|datehired|eintritt(?:sdatum)?|dateembauche|fecha(?:de)?alta|datadiassunzione|dataassunzione|"
            r"(?:datum)?indienst|入社(?:日|年月日)?|입사일?",
        ),
    ),
)
"""Each expression must match the whole name, because names of properties can also begin with `Zip`, `Cap` and `Str`."""
_ALSO_OF_PRODUCTS = re.compile(
    r"jobtitle|job|position|role|beruf|abteilung|department|dept|dienststelle|poste|puesto|mansione|ruolo|afdeling|"
    r"stanowisko|dzial|должность|отдел|部署|役職|부서|직급|部门|职位|"
    r"creditlimit|kreditlimit|limitkredytu|paymentterms|zahlungsziel|balance|(?:jahres|gesamt)?umsatz|turnover|totalspent|"
    r"totalorders|loyalty(?:points)?|(?:treue)?punkte|points|puntos|poentit|баланс|ポイント|포인트|积分"
)
"""Names that lists of products can also have, such as points for a purchase. They count once together."""
_KEYS = frozenset(("id", "uid", "uuid", "guid", "key", "no", "nr", "number", "numero", "nummer"))
"""Names of keys that rows of any kind have."""
_ARTICLE = re.compile(
    r"sku|item|artic(?!ip)|artik|artig|prod|variant|goods|waren|towar|tuote|termek|urun|товар|артикул|商品|品番|상품|منتج|מוצר|gtin|"
    r"^ean|isbn|barcode|^upc|^plu$|^asin|bezeichnung|designation|descri|benamning|omschrijving|megnevezes|наименован|"
    r"номенклат|品名|titel|title|titre|titulo|titolo"
)


def refuse_persons(columns: Columns, plan: Plan) -> None:
    """Raise UnreadableFeed if values show persons, and there is more evidence for persons than for products."""
    mails = _column_of_mails(columns)
    kinds, have_values = _kinds_of_persons(columns, plan, mails)
    points = sum(kinds.values())
    if have_values and points >= MIN_POINTS and points > _points_of_products(columns, plan):
        raise UnreadableFeed(
            f"this looks like a list of persons, and not like a list of products: it has {', '.join(kinds)}; send the "
            "list of products, or name the SKU column in the catalog's sync settings"
        )


def names_article(columns: Columns, plan: Plan) -> bool:
    """Return whether the name of the SKU column means an article number, or the SKU is a GTIN."""
    return any(
        _ARTICLE.search(fold(columns.header[number][:MAX_NAME])) or columns[number].share("is_gtin") >= MOST
        for number in plan.sku
        if number < len(columns.header)
    )


def _kinds_of_persons(columns: Columns, plan: Plan, mails: int | None) -> tuple[dict[str, int], bool]:
    """Return the points of each kind of evidence that the rows are persons.

    Also return whether the values contain data of persons.
    """
    has_accounts = any(_are_accounts(columns[number]) for number, _ in _possible_columns(columns, plan))
    kinds: dict[str, int] = {"bank accounts": 3} if has_accounts else {}
    names, contacts, others = set[re.Pattern[str]](), dict[re.Pattern[str], str](), list[str]()
    has_values = mails is not None or has_accounts
    for number, folded in _possible_columns(columns, plan):
        facts = columns[number]
        if _BIRTH.search(folded) and _share(facts, lambda cell: date_of(cell) is not None) >= MOST:
            kinds["birthdays"] = 2
            has_values = True
        if found := _kind_of_name(folded, facts):
            names.add(found)
            has_values = has_values or (found is _SALUTATION and _are_salutations(facts))
        if _NUMBER.search(folded) and facts.distinct >= MOST:
            kinds["numbers of persons"] = 2
        contact = next((pattern for pattern in _CONTACTS if pattern.fullmatch(folded)), None)
        if contact is not None and _fits(contact, facts):
            contacts.setdefault(contact, f"the column {columns.header[number][:40]!r}")
        if _ALSO_OF_PRODUCTS.fullmatch(folded):
            others.append(f"the column {columns.header[number][:40]!r}")
    has_address = _STREET in contacts and not contacts.keys().isdisjoint((_POSTAL_CODE, _CITY))
    if not has_address:
        contacts = {contact: text for contact, text in contacts.items() if contact not in _ADDRESS}
    kinds |= dict.fromkeys((*contacts.values(), *others[:1]), 1)
    if _LAST_NAMES in names and _FIRST_NAMES not in names and _has_first_names(columns):
        names.add(_FIRST_NAMES)
    if names:
        kinds["names of persons"] = 2 * min(len(names), MAX_KINDS_OF_NAMES)
    if mails is not None:
        kinds["an e-mail address in each row"] = 1
        if _names_are_in_mails(columns, plan, mails):
            kinds["the names of their owners"] = 3
    if any(_share(columns[number], _PERSON.fullmatch) >= MOST for number in plan.name[:1]):
        kinds["names of two words"] = 1
    is_staff = len(kinds) > MAX_KINDS_OF_NAMES and {"numbers of persons", "names of persons"} <= kinds.keys()
    has_values = has_values or has_address or is_staff
    return kinds, has_values or _PHONE in contacts or names.issuperset((_FIRST_NAMES, _LAST_NAMES))


def _possible_columns(columns: Columns, plan: Plan) -> Iterator[tuple[int, str]]:
    """Yield the columns that can be evidence for persons: their numbers and the folded last parts of their names."""
    for number, name in list(enumerate(columns.header))[:MAX_COLUMNS]:
        is_of_products = number in plan.brand or number in plan.category or _OTHERS.search(fold(name[-MAX_NAME:]))
        if not is_of_products and not columns[number].is_empty:
            yield number, fold(re.split(r"[.@/]", name)[-1][:MAX_NAME])


def _kind_of_name(folded: str, facts: Facts) -> re.Pattern[str] | None:
    """Return the expression for the kind of names that a column has, or None."""
    kind = next((pattern for pattern in _NAMES if pattern.search(folded)), None)
    if kind is None:
        return _SALUTATION if _are_salutations(facts, has_name=False) else None
    return kind if kind is _SALUTATION or _share(facts, _is_name) >= MOST else None


def _has_first_names(columns: Columns) -> bool:
    """Return whether a column contains first names, although its name can mean a product. The file has last names."""
    return any(
        _FIRST_NAMES_BESIDE_LAST_NAMES.fullmatch(fold(name[:MAX_NAME]))
        and not columns[number].is_empty
        and _share(columns[number], _is_name) >= MOST
        for number, name in enumerate(columns.header[:MAX_COLUMNS])
    )


def _are_accounts(facts: Facts) -> bool:
    """Return whether a column contains bank accounts of different persons. A single account is the sender's."""
    if len(facts.cells) > 1 and facts.distinct < HALF:
        return False
    return _share(facts, _IBAN.fullmatch) >= MOST and _share(facts, _is_iban) > 0


def _is_iban(cell: str) -> bool:
    """Return whether a text is an IBAN: the remainder of its number, divided by 97, is 1 (ISO 7064)."""
    text = cell.replace(" ", "").upper()
    if not _IBAN.fullmatch(text):
        return False
    return int("".join(str(int(char, 36)) for char in text[4:] + text[:4])) % 97 == 1


def _is_name(cell: str) -> bool:
    """Return whether a text can be the name of a person: it has letters, and no digits."""
    return any(map(str.isalpha, cell)) and not any(map(str.isdigit, cell))


def _fits(contact: re.Pattern[str], facts: Facts) -> bool:
    """Return whether the values of a column fit its name, which means telephone numbers, streets or postal codes."""
    if contact is _PHONE:
        return _share(facts, _is_phone_number) >= MOST
    if contact is _STREET:
        return _share(facts, lambda cell: any(map(str.isdigit, cell)) and any(map(str.isalpha, cell))) >= HALF
    if contact is _POSTAL_CODE:
        return _share(facts, lambda cell: sum(map(str.isdigit, cell)) in range(2, 11)) >= MOST
    return contact is not _CITY or _share(facts, _is_name) >= MOST


def _is_phone_number(cell: str) -> bool:
    digits = sum(map(str.isdigit, cell))
    return MIN_DIGITS <= digits <= MAX_DIGITS and _PHONE_NUMBER.fullmatch(cell) is not None


def _points_of_products(columns: Columns, plan: Plan) -> int:
    header = columns.header

    def is_clear(number: int, field: str) -> bool:
        return any(name == field and not is_weak(rank) for name, rank, _ in field_candidates(header[number]))

    keys = [number for number in plan.sku if fold(header[number][:MAX_NAME]) not in _KEYS]
    points = 3 if names_article(columns, plan) else 2 if any(is_clear(number, "sku") for number in keys) else 0
    names = (price_name(fold(header[price.column][:MAX_NAME])) for price in plan.prices if price.column < len(header))
    points += 2 * any(name is not None and not name.is_weak for name in names)
    points += 2 * any(is_clear(number, "inventory_count") for number in plan.inventory if number < len(header))
    points += 2 * any(_ARTICLE.search(fold(header[number][:MAX_NAME])) for number in plan.name if number < len(header))
    used = {*plan.sku, *plan.name, *plan.inventory, *(price.column for price in plan.prices)}
    free = [number for number in range(min(len(header), MAX_COLUMNS)) if number not in used]
    return points + sum(
        not columns[number].is_empty and not _BIRTH.search(fold(header[number][:MAX_NAME])) and (
            is_property(header[number]) or is_clear(number, "brand") or is_clear(number, "category")
        )
        for number in free
    )  # fmt: skip


def _column_of_mails(columns: Columns) -> int | None:
    """Return the column with a different e-mail address in each row. Addresses of contact persons are repeated."""
    for number, name in list(enumerate(columns.header))[:MAX_COLUMNS]:
        facts = columns[number]
        is_mail = _share(facts, _MAIL.fullmatch) >= MOST
        if is_mail and facts.distinct >= MOST and not _OTHERS.search(fold(name[-MAX_NAME:])):
            return number
    return None


def _names_are_in_mails(columns: Columns, plan: Plan, mails: int) -> bool:
    """Return whether, in at least half of the rows, the e-mail address contains a word of the name or the SKU."""
    matches = rows = 0
    for row in columns.sample[:MAX_ROWS]:
        match = _MAIL.fullmatch((row[mails] or "").strip()) if mails < len(row) else None
        if match is None:
            continue
        rows += 1
        texts = [row[number] or "" for number in (*plan.name[:1], *plan.sku[:1]) if number < len(row)]
        names = {fold(word) for text in texts for word in _WORDS.findall(text[:MAX_CELL])}
        local = {fold(word) for word in _WORDS.findall(match[1])}
        joined = fold(match[1])
        matches += any(len(name) >= MIN_LETTERS and (name in local or name in joined) for name in names)
    return rows > 1 and matches >= HALF * rows


def _are_salutations(facts: Facts, *, has_name: bool = True) -> bool:
    """Return whether the values are salutations. `has_name` says whether the name of the column means salutations.

    If the name does not mean salutations, at least two different salutations are needed. For example, `Madame` in each
    row is the name of a collection.
    """
    listed = _SALUTATIONS if has_name else _SALUTATIONS - _WRITTEN_LIKE_CODES
    used = {fold(cell.strip()[:MAX_CELL]) for cell in facts.cells[:MAX_ROWS]} & listed
    return (has_name or len(used) > 1) and _share(facts, lambda cell: fold(cell) in listed) >= MOST


def _share(facts: Facts, test: Callable[[str], object]) -> float:
    cells: Sequence[str] = facts.cells[:MAX_ROWS]
    return sum(bool(test(cell.strip()[:MAX_CELL])) for cell in cells) / len(cells) if cells else 0.0
