"""Refuses lists of persons, such as employees, customers and members, that are sent as a list of products.

The names and the values of the columns are evidence for persons, and for products:

| evidence for persons                                     | points | evidence for products              | points |
|----------------------------------------------------------|--------|------------------------------------|--------|
| the name of the row is in its e-mail address: Ann, ann@… | 3      | the SKU is called an article, GTIN | 3      |
| birthdays                                                | 2      | another usual name for a SKU       | 2      |
| first or last names, full names, salutations             | 2 each | a price with a clear name          | 2      |
| the number of an employee, a customer or a member        | 2      | a stock with a clear name          | 2      |
| a different e-mail address in each row                   | 1      | a name that only products have     | 2      |
| telephones, logins, a newsletter                         | 1 each | properties, brands and categories  | 1 each |
| a street, a postal code, a city                          | 1 each |                                    |        |
| jobs, departments, wages, terms of payment               | 1 each |                                    |        |
| two words that can be the names of persons               | 1      |                                    |        |

A list of products can also name persons: its buyers, authors or suppliers. Columns whose names have such a word are no
evidence. Neither the memory of the catalog nor the columns that were chosen without a clear name are evidence.
"""

import re
from collections.abc import Callable, Sequence

from wecelebrate.feeds.columns.facts import Columns, Facts
from wecelebrate.feeds.columns.names import field_candidates, fold, is_weak
from wecelebrate.feeds.columns.visibility import is_property
from wecelebrate.feeds.items import UnreadableFeed
from wecelebrate.feeds.plan.model import Plan
from wecelebrate.feeds.prices.names import price_name
from wecelebrate.feeds.states.words import date_of

MIN_POINTS = 3
"""The least evidence for persons. It must also be more than the evidence for products."""
MAX_NAME = 60
MAX_COLUMNS = 60
MAX_ROWS = 60
MAX_CELL = 120
MOST = 0.8
HALF = 0.5
MIN_LETTERS = 3
"""Shorter words are found in an e-mail address by chance."""
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
_NAMES = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?:first|given|fore|middle)name|vorname|rufname|prenom|^nombres$|nombredepila|voornaam|fornavn|fornamn|etunimi|imie$|"
        r"jmenokrestni|krestnijmeno|keresztnev|utonev|prenume|^ad$|^имя$|отчеств|名$|^ten$",
        r"(?:last|sur|family)name|nachname|familienname|^nom(?:de)?famille|apellido|cognome|sobrenome|apelido|achternaam|"
        r"etternavn|efternavn|efternamn|sukunimi|nazwisko|prijmeni|priezvisko|vezeteknev|csaladnev|soyad|^фамилия|прізвищ|επωνυμο|"
        r"^姓$|^氏$",
        r"full(?:legal)?name|employeename|customername|membername|patientname|studentname|nominativo|nombrecompleto|nomecompleto|"
        r"nomcomplet|nomprenom|namevorname|vornamename|^фио|^піб|氏名|^姓名$|성명|^이름$|hoten|hovaten|namalengkap|imiei?nazwisko|"
        r"jmenoaprijmeni|adsoyad|ονοματεπωνυμο",
        r"anrede|salutation|civilite|^titre(?:de)?civilite|tratamiento|aanhef|tiltale|^honorific|обращение|敬称",
    )
)
_SALUTATIONS = frozenset((
    "mr", "mrs", "ms", "miss", "mx", "herr", "frau", "monsieur", "madame", "mme", "mlle", "sr", "sra", "srta", "sig",
    "sigra", "signor", "signora", "dhr", "mevr", "pan", "pani", "hr", "fr",
))  # fmt: skip
_NUMBER = re.compile(
    r"(?:employee|staff|personnel|mitarbeiter|personal|salarie|empleado|dipendente|medewerker|funcionario|pracownik|zamestnanec|"
    r"customer|client|kunden?|klant|cliente|klienta?|asiakas|zakaznik|vevo|musteri|member|mitglieds?|adherent|socio|lid|medlems?|"
    r"patienten?|student|schuler|pupil|guest|user|subscriber|emp)(?:id|nr|no|n|num|nummer|number|code|kod|numero)$|matricul|"
    r"matricola|kdnr|kdn$|^табельн|社員番号|会員番号|顧客番号|사번|회원번호|工号|会员编号"
)
_CONTACTS = tuple(
    re.compile(pattern)
    for pattern in (
        r"^(?:tel|phone|mobile?|handy|cell|fax)|telefon|telephone|telefono|puhelin|телефон|電話|电话|전화|หมายเลขโทรศัพท์|sodienthoai",
        r"username|^login$|lastlogin|password|passwort|^role$|^rolle$|lastseen|signup(?:date)?$|registered(?:at|on)?$",
        r"newsletter|acceptsmarketing|acceptsemail|optin|subscribed|unsubscribed|consent|einwilligung|werbeerlaubnis",
        r"^(?:stra(?:ss|ß)e|str|street|address|adresse|anschrift|rue|calle|via|indirizzo|direccion|rua|endereco|morada|straat|"
        r"ulica|adres|utca|gata|gade|osoite|улица|адрес|住所|地址|주소)",
        r"^(?:plz|postleitzahl|zip|postcode|postalcode|codepostal|codigopostal|cap|cep|postnummer|postnr|kodpocztowy|psc|"
        r"postinumero|индекс|郵便番号|邮编|우편번호)",
        r"^(?:ort|stadt|city|town|ville|ciudad|citta|cidade|plaats|woonplaats|stad|miasto|mesto|varos|kaupunki|sehir|город)$",
        r"jobtitle|^job$|^position$|^beruf$|abteilung|department|^dept$|dienststelle|^poste$|puesto|mansione|ruolo|afdeling|"
        r"stanowisko|dzial$|должность|отдел|部署|役職|부서|직급|部门|职位",
        r"salary|^wage|hourly|gehalt|stundenlohn|^lohn|salaire|salario|stipendio|tariffaoraria|salaris|uurloon|wynagrodzen|"
        r"зарплат|оклад|給与|時給|급여|工资",
        r"hiredate|hired|startdate$|eintritt|dateembauche|fechaalta|assunzione|indienst|入社|입사",
        r"creditlimit|kreditlimit|limitkredytu|paymentterms|zahlungsziel|^balance$|umsatz|turnover|totalspent|totalorders|"
        r"loyalty|treuepunkte|punkte$|^points$|puntos$|poentit|^баланс|ポイント|포인트|积分",
    )
)
_KEYS = frozenset(("id", "uid", "uuid", "guid", "key", "no", "nr", "number", "numero", "nummer"))
"""Names of keys that rows of any kind have."""
_ARTICLE = re.compile(
    r"sku|item|artic|artik|artig|prod|variant|goods|waren|towar|tuote|termek|urun|товар|артикул|商品|品番|상품|منتج|מוצר|gtin|"
    r"^ean|isbn|barcode|^upc|^plu$|^asin|bezeichnung|designation|descri|benamning|omschrijving|megnevezes|наименован|"
    r"номенклат|品名|titel|title|titre|titulo|titolo"
)


def refuse_persons(columns: Columns, plan: Plan) -> None:
    """Raise UnreadableFeed if there is more evidence for persons than for products."""
    mails = _column_of_mails(columns)
    kinds = _kinds_of_persons(columns, plan, mails)
    points = sum(kinds.values())
    if points >= MIN_POINTS and points > _points_of_products(columns, plan):
        raise UnreadableFeed(
            f"this looks like a list of persons, and not like a list of products: it has {', '.join(kinds)}; send the "
            "list of products, or name the SKU column in the catalog's sync settings"
        )


def names_article(columns: Columns, plan: Plan) -> bool:
    """Return whether the SKU is called the number of an article, or is a GTIN."""
    return any(
        _ARTICLE.search(fold(columns.header[number][:MAX_NAME])) or columns[number].share("is_gtin") >= MOST
        for number in plan.sku
        if number < len(columns.header)
    )


def _kinds_of_persons(columns: Columns, plan: Plan, mails: int | None) -> dict[str, int]:
    """Return the kinds of evidence for persons with their points."""
    kinds: dict[str, int] = {}
    for number, name in list(enumerate(columns.header))[:MAX_COLUMNS]:
        folded = fold(re.split(r"[.@/]", name)[-1][:MAX_NAME])
        facts = columns[number]
        if facts.is_empty or _OTHERS.search(fold(name[-MAX_NAME:])):
            continue
        if _BIRTH.search(folded) and _share(facts, lambda cell: date_of(cell) is not None) >= MOST:
            kinds["birthdays"] = 2
        if any(pattern.search(folded) for pattern in _NAMES) or _are_salutations(facts):
            kinds["names of persons"] = kinds.get("names of persons", 0) + 2
        if _NUMBER.search(folded):
            kinds["numbers of persons"] = 2
        for pattern in _CONTACTS:
            if pattern.search(folded):
                kinds[f"the column {name[:40]!r}"] = 1
                break
    if mails is not None:
        kinds["an e-mail address in each row"] = 1
        if _names_are_in_mails(columns, plan, mails):
            kinds["the names of their owners"] = 3
    if any(_share(columns[number], _PERSON.fullmatch) >= MOST for number in plan.name[:1]):
        kinds["names of two words"] = 1
    return kinds


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
    """Return the column with a different e-mail address in each row. Contact persons of products repeat."""
    for number, name in list(enumerate(columns.header))[:MAX_COLUMNS]:
        facts = columns[number]
        is_mail = _share(facts, _MAIL.fullmatch) >= MOST
        if is_mail and facts.distinct >= MOST and not _OTHERS.search(fold(name[-MAX_NAME:])):
            return number
    return None


def _names_are_in_mails(columns: Columns, plan: Plan, mails: int) -> bool:
    """Return whether a word of the name or the SKU of a row is in its e-mail address, in half of the rows or more."""
    found = rows = 0
    for row in columns.sample[:MAX_ROWS]:
        match = _MAIL.fullmatch((row[mails] or "").strip()) if mails < len(row) else None
        if match is None:
            continue
        rows += 1
        texts = [row[number] or "" for number in (*plan.name[:1], *plan.sku[:1]) if number < len(row)]
        names = {fold(word) for text in texts for word in _WORDS.findall(text[:MAX_CELL])}
        local = {fold(word) for word in _WORDS.findall(match[1])}
        joined = fold(match[1])
        found += any(len(name) >= MIN_LETTERS and (name in local or name in joined) for name in names)
    return rows > 1 and found >= HALF * rows


def _are_salutations(facts: Facts) -> bool:
    return _share(facts, lambda cell: fold(cell) in _SALUTATIONS) >= MOST


def _share(facts: Facts, test: Callable[[str], object]) -> float:
    cells: Sequence[str] = facts.cells[:MAX_ROWS]
    return sum(bool(test(cell.strip()[:MAX_CELL])) for cell in cells) / len(cells) if cells else 0.0
