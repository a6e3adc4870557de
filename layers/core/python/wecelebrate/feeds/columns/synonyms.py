"""The usual column names of each field, in the languages of common ERP systems.

The names are folded (see `names`). Further names of many languages are in `vocabulary`.
"""

FIELDS = (
    "sku", "name", "description", "category", "brand", "price", "currency", "images", "inventory_count", "is_active",
)  # fmt: skip
# The best names come first: if several columns match a field, the column whose name is listed first is used.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "sku": (
        "sku", "variantsku", "productsku", "itemsku", "skucode", "skuid",
        # English
        "articlenumber", "articleno", "articlenr", "articlecode", "articleid", "itemnumber", "itemno", "itemnr",
        "itemcode", "productnumber", "productno", "productcode", "partnumber", "partno", "partcode", "materialnumber",
        "materialno", "stockcode", "stockno", "stockkeepingunit", "ordernumber", "orderno", "ordercode",
        "modelnumber", "modelno", "supplieraid", "supplierpid", "supplierpartid", "manufacturerpartnumber", "mpn",
        "internalreference", "defaultcode", "referencecode", "referencenumber", "productreference",
        "supplierreference",
        # German
        "artikelnummer", "artikelnr", "artnr", "artikelno", "artno", "artnummer", "artikelcode", "artikelid",
        "bestellnummer", "bestellnr", "materialnummer", "materialnr", "produktnummer", "produktnr", "produktcode",
        "teilenummer", "teilenr", "sachnummer", "warennummer", "modellnummer",
        # SAP
        "matnr", "material", "bismt",
        # French, Spanish, Italian, Portuguese
        "reference", "referencearticle", "referenceproduit", "refarticle", "refproduit", "ref", "codearticle",
        "codeproduit", "numeroarticle", "noarticle", "referencia", "codigo", "codigoarticulo", "codigoproducto",
        "codarticulo", "codproducto", "codart", "numeroarticulo", "codice", "codicearticolo", "codiceprodotto",
        "codarticolo", "riferimento", "codigoproduto", "codigodoproduto", "codproduto", "codigoartigo", "codartigo",
        "referenciaproduto", "articolo",
        # Dutch, Nordic, Polish, Czech
        "artikelnummerleverancier", "productnummer", "bestelnummer", "bestelcode", "varenummer", "varenr",
        "artikelnrleverancier", "tuotenumero", "tuotekoodi", "indeks", "symbol", "kodproduktu", "kodtowaru",
        "numerartykulu", "kodzbozi", "katalogovecislo", "kod", "cikkszam", "termekkod", "tuotenro",
        "stokkodu", "urunkodu",
        # Other names
        "code", "itemid", "productid", "externalid", "item", "article", "artikel", "articulo", "artigo", "gtin",
        "ean", "ean13", "eancode", "upc", "barcode", "handle", "id",
    ),
    "name": (
        "name", "productname", "producttitle", "itemname", "articlename", "title", "displayname", "product",
        "itemtitle", "productlabel", "shortname", "itemdescription1", "artikelname", "artikelbezeichnung",
        "produktname", "produktbezeichnung", "bezeichnung",
        "bezeichnung1", "bez", "bez1", "benennung", "titel", "artikeltext", "kurztext",
        "materialkurztext", "kurzbezeichnung", "warenbezeichnung", "maktx", "produkt", "nom", "nomproduit",
        "nomarticle", "nomduproduit", "libelle", "libelleproduit", "libellearticle", "designation", "intitule",
        "titre", "produit", "nombre", "nombreproducto", "nombredelproducto", "nombrearticulo", "denominacion",
        "titulo", "producto", "nome", "nomeprodotto", "nomearticolo", "denominazione", "titolo", "prodotto",
        "nomeproduto", "nomedoproduto", "nomeartigo", "denominacao", "designacao", "produto", "naam", "productnaam",
        "artikelnaam", "omschrijvingkort", "benaming", "varenavn", "varebeskrivelse", "produktnavn", "produktnamn",
        "benamning", "navn", "namn", "nimi", "tuotenimi", "nazwa", "nazwaproduktu", "nazwatowaru", "nazev",
        "nazevproduktu", "nev", "termeknev", "denumire", "itemdescription", "articledescription", "shortdescription",
        "descriptionshort", "kurzbeschreibung", "descart", "descprod", "descrprod", "desart", "nomart",
    ),
    "description": (
        "description", "productdescription", "longdescription", "descriptionlong", "fulldescription", "bodyhtml",
        "body", "details", "productdetails", "longtext", "text", "content", "beschreibung", "artikelbeschreibung",
        "produktbeschreibung", "langtext", "langbeschreibung", "beschreibungstext", "artikellangtext", "werbetext",
        "descriptif", "descriptionlongue", "descriptionproduit", "descripcion", "descripcionlarga",
        "descripcionproducto", "descripciondelproducto", "descrizione", "descrizionelunga", "descrizioneprodotto",
        "descrizionearticolo", "descricao", "descricaolonga", "descricaodoproduto", "descricaoproduto",
        "omschrijving", "productomschrijving", "beschrijving", "langeomschrijving", "artikelomschrijving",
        "beskrivelse", "beskrivning", "produktbeskrivelse", "kuvaus", "opis", "opisproduktu", "popis", "leiras",
        "descriere", "shortdescription", "descriptionshort", "shortdesc", "summary", "kurzbeschreibung",
        "descriptioncourte", "resume", "descripcioncorta", "descrizionebreve", "descricaocurta", "korteomschrijving",
        "excerpt", "salesdescription", "saledescription", "webdescription", "onlinedescription",
    ),
    "category": (
        "category", "categories", "categoryname", "categoriesname", "productcategory", "categorypath", "maincategory",
        "producttype", "productgroup", "itemgroup", "itemcategory", "department", "collection",
        "googleproductcategory", "materialgroup", "kategorie", "kategorien", "warengruppe", "warengruppenname",
        "artikelgruppe", "produktgruppe", "produktkategorie", "hauptkategorie", "hauptwarengruppe", "sortiment",
        "sparte", "matkl", "categorie", "categorieproduit", "famille", "famillearticle", "rayon", "categoria",
        "categorias", "familia", "categoriaproducto", "grupo", "categoriaprodotto", "famiglia", "reparto",
        "gruppomerceologico", "categoriaproduto", "productgroep", "artikelgroep", "categorienaam", "varegruppe",
        "varugrupp", "kategori", "tuoteryhma", "kategoria", "kategorija", "type", "group", "gruppe",
    ),
    "brand": (
        "brand", "brandname", "manufacturer", "manufacturername", "make", "maker", "producer",
        "marke", "markenname", "hersteller", "herstellername", "marque",
        "fabricant", "marca", "fabricante", "marchio", "produttore", "fabbricante", "merk", "merknaam", "fabrikant",
        "maerke", "varemerke", "varumarke", "tillverkare", "merkki", "marka", "producent", "znacka", "vyrobce",
    ),
    "price": (
        "price", "saleprice", "salesprice", "sellingprice", "sellprice", "unitprice", "retailprice", "regularprice",
        "listprice", "itemprice", "productprice", "variantprice", "netprice", "grossprice", "priceamount",
        "priceunitamount", "pricevalue", "rrp", "msrp", "srp", "pricenet", "pricegross", "priceinclvat",
        "priceexclvat", "pricetaxincl", "pricetaxexcl", "priceamountvalue", "amount", "preis", "vkpreis", "vk",
        "verkaufspreis", "einzelpreis", "bruttopreis", "preisbrutto", "vkbrutto", "endpreis", "ladenpreis",
        "listenpreis", "stueckpreis", "stuckpreis", "uvp", "vkp", "nettopreis", "preisnetto", "vknetto", "preisin",
        "kbetr", "prix", "prixdevente", "prixvente", "prixunitaire", "prixttc", "prixht", "pvttc", "pvht",
        "pv", "tarif", "prixpublic", "precio", "precioventa", "preciodeventa", "preciounitario", "pvp", "tarifa",
        "precioconiva", "preciosiniva", "prezzo", "prezzodivendita", "prezzovendita", "prezzounitario", "prezzoivato",
        "listino", "prezzolistino", "preco", "precodevenda", "precovenda", "precounitario", "prijs", "verkoopprijs",
        "stukprijs", "adviesprijs", "prijsinclbtw", "prijsexclbtw", "prijsincl", "prijsexcl", "pris", "salgspris",
        "utsalgspris", "forsaljningspris", "hinta", "cena", "cenabrutto", "cenanetto", "prodejnicena", "ar", "pret",
        "standardsellingrate",
    ),
    "currency": (
        "currency", "currencycode", "pricecurrency", "pricecurrencycode", "currencyiso", "currencyid",
        "pricecurrencyid", "currencysymbol", "curr", "cur", "waehrung", "wahrung", "wahrg", "waehrg", "wahrungscode",
        "wahrungskennzeichen", "konwa", "waers", "hwaer", "wkz", "devise", "monnaie", "moneda", "divisa", "valuta",
        "moeda", "munt", "muntsoort", "valuuta", "waluta", "mena",
    ),
    "images": (
        "images", "image", "imageurl", "imageurls", "imagesrc", "imagelink", "imageslink", "imagesurl", "mainimage",
        "mainimageurl", "picture", "pictures", "pictureurl", "photo", "photos", "photourl", "thumbnail", "baseimage",
        "productimage", "productimages", "productimageurl", "imagefile", "imagefilename", "media", "mediaurl",
        "imagepath", "img", "additionalimages", "additionalimagelink", "additionalimageurls", "bild", "bilder",
        "bildurl", "bildlink", "bildpfad", "bilddatei", "produktbild", "artikelbild", "hauptbild", "bildadresse",
        "photoproduit", "urlimage", "lienimage", "visuel", "imagen", "imagenes", "urlimagen", "foto", "fotos",
        "immagine", "immagini", "urlimmagine", "imagem", "imagens", "urlimagem", "afbeelding", "afbeeldingen",
        "afbeeldingurl", "billede", "billeder", "bilde", "kuva", "zdjecie", "zdjecia", "obrazek",
    ),
    "inventory_count": (
        "inventorycount", "inventory", "inventoryquantity", "inventoryqty", "stock", "stockquantity", "stockqty",
        "stocklevel", "stockonhand", "quantity", "qty", "quantityonhand", "qtyonhand", "onhand", "available",
        "stockitemqty",
        "availablequantity", "availableqty", "availablestock", "instock", "instockquantity", "unitsinstock",
        "bestand", "lagerbestand", "lagermenge", "menge", "verfuegbar", "verfugbar", "verfuegbarebestand",
        "verfugbarebestand", "verfugbarkeit", "anzahl", "lager", "labst", "quantite", "quantiteenstock", "qte",
        "qtestock", "stockdisponible", "disponible", "cantidad", "existencias", "existencia", "inventario",
        "quantita", "giacenza", "disponibilita", "scorte", "esistenza", "quantidade", "estoque", "voorraad", "aantal",
        "vrijevoorraad", "lagerantal", "lagersaldo", "antal", "antall", "beholdning", "varasto", "saldo", "ilosc",
        "stan", "stanmagazynowy", "mnozstvi", "skladem", "keszlet", "stoc",
    ),
    "is_active": (
        "isactive", "active", "enabled", "published", "isenabled", "ispublished", "visible", "online", "status",
        "state", "aktiv", "aktiviert", "sichtbar", "freigegeben", "actif", "activo", "attivo", "ativo", "actief",
        "zichtbaar", "publie", "publicado", "pubblicato", "aktywny", "aktivni", "visibility", "etat", "estado",
        "stato", "isvisible", "productvisible", "allowpurchases", "onlinevisibility", "itemvisibility", "publishedat",
        "squareonlineitemvisibility", "productstatus", "itemstatus", "articlestatus", "artikelstatus",
        "lifecyclestatus", "sellable", "saleable", "salesstatus", "verkaufsstatus", "vertriebsstatus",
        "enabledforsale", "catalogvisibility",
        # SAP: the status of a material in all plants, in one plant, and in sales. Codes such as `01` restrict the
        # material.
        "mstae", "mmsta", "mstav", "vmsta",
    ),
}  # fmt: skip
# Column names that mean the opposite of `is_active`.
INACTIVE_NAMES = frozenset((
    "inactive", "isinactive", "disabled", "isdisabled", "deleted", "isdeleted", "discontinued", "isdiscontinued",
    "archived", "blocked", "hidden", "inaktiv", "gesperrt", "geloescht", "geloscht", "auslaufartikel", "ausgelistet",
    "supprime", "inactif", "inactivo", "descatalogado", "inattivo", "inativo", "inactief", "verwijderd",
    "geblokkeerd", "lvorm", "auslauf", "deletedat", "discontinuedat", "donotsell", "notforsale", "loschvormerkung",
    "frozen", "frozenfor", "hidefromwebsite", "hideonwebsite", "hidefromstore", "hidefromshop", "hideonline",
    "hidefromweb",
    "hideinshop", "excludefromwebsite", "excludefromshop", "notonline", "notonweb", "nichtimshop", "nichtonline",
))  # fmt: skip
COMMANDS = frozenset(
    (
        "command",
        "rowcommand",
        "action",
        "operation",
        "rowaction",
        "importaction",
        "updatedelete",
        "adddelete",
        "adddeleteupdate",
        "itemaction",
        "productaction",
        "recordaction",
        "actioncode",
        "operationcode",
        "changetype",
        "changecode",
        "changeindicator",
        "updatetype",
        "aktion",
        "anderungsart",
        "anderungskennzeichen",
        "accion",
        "azione",
        "acao",
        "actie",
        "операция",
        "действие",
        "操作",
    )
)
"""Names of columns that contain a command for each row, such as the command `DELETE`."""
