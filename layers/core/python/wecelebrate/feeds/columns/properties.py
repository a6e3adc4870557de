"""The names of product properties and of private values, in the languages of common shops and ERP systems.

The module `visibility` uses these tables to decide which columns of a file are public. The name of a property is the
folded name of a column without digits: `GTIN-13` becomes `gtin`. Such a name can also be a part of a longer name. It
can follow a word for "product", as in `Produktfarbe`. It can precede a unit or a language, as in `weight_kg` or `Größe
(cm)`.

Sources: Google Merchant Center, product data specification; schema.org, Product; GS1 Web Vocabulary, Product; GS1 GDSN
3.1; the attributes that Shopify, WooCommerce, Magento, Odoo, PrestaShop and Saleor show in a storefront; ETIM.

Further words of many languages are in `vocabulary`.

A change of a table affects only files that are read later. To make stored attributes public or private, add a migration
like 0027_private_by_default.sql, which contains a copy of the tables.
"""

PROPERTIES: dict[str, str] = {
    # Appearance
    "color": "цвет цвета расцветка "
    "color colour colors colours colorname colourname maincolor maincolour basecolor colorfamily farbe "
    "farben farbton farbname farbbezeichnung hauptfarbe grundfarbe couleur couleurs coloris teinte colores "
    "colorprincipal colore colori tinta cor cores kleur kleuren hoofdkleur farve farver farg farger farge vari "
    "varit kolor kolory barwa barva barvy szin culoare renk",
    "pattern": "узор рисунок "
    "pattern patterns print muster dessin design motif motivo motiv patron estampado fantasia disegno "
    "padrao estampa patroon dessein monster kuvio wzor vzor minta",
    "finish": "finish surface surfacefinish oberflache oberflaeche oberflachenbehandlung finition acabado "
    "finitura acabamento afwerking oppervlak overflade ytbehandling pinta wykonczenie povrch",
    "shape": "форма shape form forme formato forma vorm muoto ksztalt tvar",
    "style": "стиль style stil estilo stile stijl styl tyyli",
    "theme": "theme thema tema occasion anlass gelegenheit ocasion occasione ocasiao gelegenheid anledning "
    "tilaisuus okazja prilezitost",
    "transparency": "transparency opacity glanz gloss brilliance",
    # Material and composition
    "material": "материал материалы "
    "material materials materialname materialien materialzusammensetzung matiere matieres materiau "
    "materiaux materiale materiali materiais materiales materiaal materialer materiaali tworzywo materialy anyag "
    "malzeme",
    "fabric": "состав ткань "
    "fabric fabrics textile stoff gewebe tissu tela tejido tessuto tecido stof stoffe tyg kangas "
    "tkanina latka composition zusammensetzung composicion composizione composicao samenstelling sammensatning "
    "sammansattning koostumus skladniki lining futter doublure forro fodera voering",
    "ingredients": "ingredients ingredient ingredientlist inhaltsstoffe zutaten zutatenliste composants "
    "ingredientes ingredienti ingredienten ingrediensen ingredienser ainesosat slozeni",
    "allergens": "allergens allergen allergene allergenes alergenos allergeni allergenen alergeny "
    "allergiainformation allergies allergyinformation allergenhinweise",
    "nutrition": "nutrition nutritionalinformation nutritionfacts nahrwerte naehrwerte nutritionalvalues calories "
    "energy energykcal kalorien fat saturatedfat carbohydrates sugar sugars protein fibre fiber salt fett "
    "kohlenhydrate zucker eiweiss ballaststoffe salz",
    "alcohol": "alcohol alcoholcontent alcoholbyvolume abv alkohol alkoholgehalt alcool titrealcoolique "
    "gradoalcoholico graduacion alcoholpercentage",
    "flavour": "вкус flavor flavour flavors flavours taste geschmack geschmacksrichtung gout saveur sabor gusto smaak "
    "smag smak maku chut",
    "scent": "аромат запах "
    "scent fragrance aroma duft parfum duftnote senteur fragancia profumo fragranza fragrancia geur "
    "duftart doft tuoksu zapach vune",
    "vintage": "vintage vintageyear jahrgang millesime anada annata safra grapevariety grape rebsorte cepage",
    "diet": "vegan vegetarian glutenfree lactosefree organic bio halal kosher sugarfree vegetarisch glutenfrei "
    "laktosefrei",
    # Size, weight, capacity
    "size": "размер размеры "
    "size sizes sizename sizesystem sizetype sizechart sizeeu sizeus sizeuk clothingsize shoesize "
    "ringsize grosse groesse groessen grossen konfektionsgrosse schuhgrosse taille tailles pointure talla tallas "
    "tamano taglia taglie misura tamanho tamanhos maat maten schoenmaat storrelse storrelser storlek storlekar "
    "koko koot rozmiar rozmiary velikost velikosti meret beden",
    "dimensions": "габариты "
    "dimensions dimension dimensiones dimensioni dimensoes measurements measures masse abmessung "
    "abmessungen masze produktmasse mesures medidas misure afmeting afmetingen mal dimensioner matt mitat wymiary "
    "wymiar rozmery rozmer groes laeng breit hoehe meabm",
    "length": "длина "
    "length lengths lange laenge gesamtlange longueur largo longitud lunghezza comprimento lengte langd "
    "laengde lengde pituus dlugosc delka hossz uzunluk",
    "width": "ширина width breite gesamtbreite largeur ancho anchura larghezza largura breedte bredde bredd leveys "
    "szerokosc sirka szelesseg genislik",
    "height": "высота "
    "height hohe hoehe gesamthohe hauteur alto altura altezza hoogte hojde hoyde hojd korkeus wysokosc "
    "vyska magassag yukseklik",
    "depth": "глубина depth tiefe gesamttiefe profondeur profundidad profondita profundidade diepte dybde djup syvyys "
    "glebokosc hloubka",
    "diameter": "диаметр diameter durchmesser diametre diametro middellijn halkaisija srednica prumer atmero",
    "thickness": "толщина "
    "thickness starke staerke dicke materialstarke epaisseur espesor grosor spessore espessura dikte "
    "tykkelse tjocklek paksuus grubosc tloustka gauge",
    "weight": "вес масса weight weights netweight grossweight productweight itemweight shippingweight weightgrams "
    "weightvaluegrams gewicht nettogewicht bruttogewicht eigengewicht versandgewicht poids poidsnet poidsbrut "
    "peso pesoneto pesobruto pesonetto pesolordo pesoliquido vaegt vagt vekt vikt nettovikt paino nettopaino waga "
    "waganetto wagabrutto hmotnost vaha suly agirlik weightunit gewichtseinheit unitedepoids brgew ntgew gewei",
    "capacity": "объем емкость "
    "capacity volume content contents netcontent netcontents volumen inhalt fullmenge fuellmenge "
    "nennfullmenge fassungsvermogen fassungsvermoegen kapazitat kapazitaet contenance capacite contenu capacidad "
    "contenido capacita contenuto capacidade conteudo inhoud volumeinhoud rumfang indhold kapacitet innhold "
    "innehall volym tilavuus sisalto pojemnosc zawartosc objem obsah urtartalom volum voleh",
    "packaging": "упаковка комплектация "
    "packaging packagingtype packagecontents packagesize packsize packquantity piecesperpack "
    "unitsperpack numberofpieces pieces pcs multipack isbundle bundle verpackung verpackungsart verpackungsinhalt "
    "packungsgrosse packungsinhalt lieferumfang stuckzahl stueckzahl emballage conditionnement embalaje "
    "contenidodelpaquete confezione embalagem verpakking verpakkingsinhoud emballasje forpackning pakkaus "
    "pakkauskoko opakowanie baleni shippinglength shippingwidth shippingheight packagelength packagewidth "
    "packageheight packageweight packagedimensions",
    "unit": "unit unitofmeasure uom unitpricingmeasure unitpricingbasemeasure einheit mengeneinheit grundeinheit "
    "grundpreiseinheit unite unidad unidaddemedida unita unitadimisura unidade eenheid enhed enhet yksikko "
    "jednostka jednostkamiary jednotka",
    # Identification
    "gtin": "gtin gtins gtinupceanorisbn ean eans eancode eannummer eannr eanupc europeanarticlenumber upc "
    "upccode isbn isbncode issn jan barcode barcodes strichcode codebarre codebarres codigodebarras codigobarras "
    "codiceabarre codiceean codigodebarra streepjescode stregkode strekkode streckkod viivakoodi kodkreskowy "
    "kodean carovykod carovy vonalkod asin globaltradeitemnumber",
    "mpn": "mpn manufacturerpartnumber manufacturerpartno manufacturernumber herstellernummer herstellernr "
    "herstellerartikelnummer referencefabricant referenciafabricante codiceproduttore",
    "model": "model modelname modelnumber modelyear modell modellname modellbezeichnung modele modelo modello "
    "malli version edition auflage ausgabe edicion edizione edicao editie series serie seria sarja",
    "brand": "brand brandname marke marque marca marchio merk maerke varumarke merkki marka znacka manufacturer "
    "manufacturername hersteller herstellername fabricant fabricante produttore fabrikant tillverkare producent "
    "vyrobce",
    "group": "itemgroupid itemgroup parentsku producttype collection collections kollektion coleccion collezione "
    "colecao collectie kolekcja line productline produktlinie season saison temporada stagione estacao seizoen "
    "sason sezon",
    "tags": "tag tags schlagworte keywords metakeywords mots motscles etiquetas etichette etiketter",
    "slug": "slug handle urlkey permalink",
    # Audience
    "gender": "gender geschlecht genre sexe genero sexo sesso genere geslacht kon kjonn sukupuoli plec pohlavi",
    "age": "agegroup agerange age targetagegroup recommendedage minimumage altersgruppe alter altersempfehlung "
    "mindestalter trancheage trancheedage groupedage grupodeedad edad edadrecomendada fasciadeta eta faixaetaria "
    "idade leeftijd leeftijdsgroep alder aldersgruppe aldersgrupp ika ikaryhma wiek grupawiekowa vek "
    "vekovaskupina",
    "audience": "audience targetgroup targetaudience zielgruppe groupecible publicoobjetivo publico doelgroep "
    "malgruppe",
    "skill": "skilllevel difficulty schwierigkeitsgrad niveau players numberofplayers spieleranzahl",
    # Origin and state
    "origin": "countryoforigin origincountry countryofmanufacture madein originregion origin herkunftsland "
    "herkunft herstellungsland ursprung paysdorigine paysorigine paysdefabrication origine paisdeorigen "
    "paisorigen origen paesediorigine paesedorigine paesediproduzione paisdeorigem origem landvanherkomst "
    "herkomst oprindelsesland opprinnelsesland ursprungsland alkupera alkuperamaa valmistusmaa krajpochodzenia "
    "krajprodukcji zemepuvodu szarmazasihely taradeorigine herkl",
    "condition": "condition itemcondition zustand artikelzustand etat estado condizione condicao conservation "
    "staat tilstand skick kunto",
    "availability": "availability availabilitydate preorder releasedate publicationdate launchdate "
    "erscheinungsdatum erscheinungstermin datedeparution fechadepublicacion datadiuscita verschijningsdatum "
    "deliverytime lieferzeit delaidelivraison plazodeentrega tempidiconsegna levertijd leveringstid leveranstid "
    "toimitusaika czasdostawy dodacilhuta",
    "certification": "certification certifications certificate energyefficiencyclass energyclass energylabel "
    "energieeffizienzklasse energieklasse zertifizierung zertifikate certificacion certificazione certificacao "
    "certificering ceenergyclass classeenergetique claseenergetica norm normen ecolabel umweltzeichen "
    "sustainability recycledcontent",
    "warranty": "warranty guarantee warrantyperiod garantie garantiezeit garantia garanzia garanti takuu "
    "gwarancja zaruka",
    "shelflife": "shelflife bestbefore mindesthaltbarkeit haltbarkeit storage storageinstructions lagerhinweise "
    "conservationconditions",
    # Prices that shops show beside the price
    "saleprice": "saleprice salepriceeffectivedate compareatprice compareprice wasprice strikethroughprice "
    "oldprice streichpreis angebotspreis aktionspreis prixbarre prixpromo prixpromotionnel prixsolde preciooferta "
    "preciorebajado precioanterior prezzoscontato prezzoofferta precopromocional aanbiedingsprijs actieprijs "
    "vanprijs tilbudspris forpris kampanjepris kampanjpris reapris alennushinta tarjoushinta cenapromocyjna "
    "cenapremarkowa akcnicena akciosar",
    "rrp": "rrp msrp srp uvp recommendedretailprice suggestedretailprice manufacturersuggestedretailprice "
    "unverbindlichepreisempfehlung preisempfehlung prixpublicconseille prixconseille preciorecomendado pvpr "
    "prezzoconsigliato precorecomendado adviesprijs verkoopadviesprijs vejledendepris veiledendepris cirkapris "
    "rekommenderatpris ohjehinta suositushinta cenasugerowana cenakatalogowa doporucenacena",
    # Clothing
    "clothing": "fit cut sleeve sleevelength neckline collar closure hem rise inseam waist legstyle heel "
    "heelheight heeltype solematerial sole upper uppermaterial liningmaterial cupsize passform schnitt armellange "
    "aermellange ausschnitt kragen verschluss absatz absatzhohe absatzhoehe absatzart sohle obermaterial "
    "innenmaterial futtermaterial coupe manche longueurmanche col fermeture talon semelle corte manga cuello "
    "cierre tacon suela vestibilita manica scollo chiusura tacco suola pasvorm mouwlengte halslijn sluiting hak "
    "zool",
    "care": "care careinstructions carelabel washingtemperature washinginstructions pflege pflegehinweise "
    "pflegehinweis pflegeanleitung waschanleitung entretien conseilsdentretien cuidados instruccionesdelavado "
    "lavaggio istruzionidilavaggio onderhoud wasvoorschrift vaskeanvisning tvattrad hoito pesuohje pielegnacja "
    "udrzba",
    # Books and media
    "book": "author authors illustrator translator publisher language languages originaltitle subtitle format "
    "binding pages pagecount numberofpages genre autor autoren verfasser verlag sprache sprachen untertitel "
    "einband seiten seitenzahl seitenanzahl auteur editeur langue reliure nombredepages autora editorial idioma "
    "encuadernacion paginas numerodepaginas autore editore lingua rilegatura pagine numerodipagine editora "
    "encadernacao uitgever taal aantalpaginas forfatter forlag sprog sprak sider forfattare sidor kirjailija "
    "kustantaja kieli sivumaara jezyk wydawnictwo liczbastron jazyk vydavatel pocetstran artist kunstler director "
    "actors cast regisseur runtime spieldauer duration laufzeit duree platform plattform rating",
    # Technical data
    "electric": "voltage ratedvoltage ratedcurrent power wattage ratedpower frequency powersource powersupply "
    "powercable battery batteries batterytype batterycapacity batterylife nennspannung spannung netzspannung "
    "nennstrom strom stromaufnahme leistung nennleistung leistungsaufnahme frequenz stromversorgung "
    "stromverbrauch batterie batterien batterietyp akku akkukapazitat akkulaufzeit tension puissance frequence "
    "alimentation voltaje tensionnominal potencia bateria tensione potenza frequenza batteria tensao spanning "
    "vermogen frequentie batterij spaending effekt spenning jannite teho napiecie moc czestotliwosc napeti vykon "
    "protectionclass iprating schutzart schutzklasse luminousflux lumen lichtstrom colortemperature "
    "farbtemperatur lampholder fassung sockel energyconsumption energieverbrauch cablelength kabellange "
    "kabellaenge noiselevel lautstarke schallleistungspegel",
    "computer": "ram memory memorysize storagecapacity storagesize harddisk ssd processor cpu cpumodel graphics "
    "graphicscard gpu operatingsystem os screensize displaysize display resolution screenresolution refreshrate "
    "panel connectivity connections ports interface interfaces bluetooth wifi wlan usb hdmi camera megapixel "
    "sensor arbeitsspeicher speicher speicherkapazitat speicherplatz festplatte prozessor grafikkarte "
    "betriebssystem bildschirmgrosse bildschirmdiagonale bildschirm auflosung bildauflosung anschlusse "
    "schnittstellen konnektivitat kamera memoire processeur systemedexploitation tailledecran ecran connectique "
    "memoriaram memoria procesador sistemaoperativo pantalla tamanodepantalla resolucion conectividad risoluzione "
    "schermo geheugen schermgrootte schermdiagonaal beeldscherm besturingssysteem opslagcapaciteit",
    "tool": "speed torque pressure temperature maxtemperature operatingtemperature maxload loadcapacity tolerance "
    "drehzahl drehmoment druck betriebstemperatur temperaturbereich belastbarkeit tragkraft maximalbelastung "
    "vitesse pression temperatura velocidad presion velocita pressione threadsize thread gewinde gewindegrosse "
    "grit kornung hardness harte",
    "features": "features feature highlights producthighlight producthighlights benefits usage application "
    "suitablefor compatiblewith compatibility compatibledevices waterproof waterresistance waterresistant "
    "dishwashersafe microwavesafe includes includeditems accessories assemblyrequired assembly mounting ink "
    "inktype nibsize closuretype merkmale eigenschaften ausstattung besonderheiten verwendung verwendungszweck "
    "anwendung anwendungsbereich einsatzbereich geeignetfur kompatibilitat kompatibelmit wasserdicht wasserfest "
    "spulmaschinengeeignet spuelmaschinengeeignet spulmaschinenfest mikrowellengeeignet zubehor montage "
    "caracteristiques utilisation usages compatibilite etancheite laveaisselle caracteristicas uso aplicacion "
    "compatibilidad impermeable caratteristiche utilizzo applicazione compatibilita impermeabile kenmerken "
    "eigenschappen toepassing gebruik compatibiliteit waterdicht vaatwasserbestendig egenskaber anvendelse "
    "anvandning ominaisuudet kayttotarkoitus cechy zastosowanie przeznaczenie vlastnosti pouziti",
    "room": "room roomtype indooroutdoor raum wohnraum piece habitacion stanza kamer",
    "jewelry": "gemstone gemstones stone stones stonetype metal metaltype metalpurity carat karat clarity "
    "edelstein stein edelmetall legierung feingehalt pierre pierres metaux piedra gema pietra pedra edelsteen "
    "steen sten kivi kamien kamen",
    "plant": "plantname botanicalname bloomcolor floweringtime hardiness bluhzeit bluetezeit winterhart pflanzenart",
    "texts": "shortdescription seodescription metatitle metadescription slogan tagline claim kurzbeschreibung "
    "descriptioncourte resume",
    "links": "link producturl productlink videourl video manual datasheet datenblatt produktdatenblatt "
    "bedienungsanleitung lienproduit enlace",
}
"""Maps each property to its names. A column with one of these names is public."""

PRODUCT_WORDS = "product item article artikel produkt produit producto prodotto produto tuotteen produktu towaru"
"""Words that can stand before the name of a property: `product color`, `Artikelgewicht`."""

PATH_WORDS = (
    "attribute attributes attr variant variants feature features spec specs specification specifications option "
    "options pa meta metafield metafields custom global property properties param params g data details detail "
    "merkmal field trade measurement measurements dimension dimensions physical shipping technical general basic "
    "main additional header"
)
"""Words before the name of a property: `attributes.color`, `pa_size`, `tradeItemMeasurements.height`."""

UNIT_WORDS = (
    "kg g gr grm gram grams gramm grammes mg lb lbs oz kilogram kilograms kgm cm mm m mtr km in inch inches zoll ft "
    "cmt mmt ml l cl dl ltr mlt liter liters litre litres litro litros eur usd gbp chf sek nok dkk pln czk eu us uk "
    "int en de fr es it pt nl da sv no nb fi pl cs hu ro eng deu ger fra fre spa ita por nld dut gb at ch value "
    "text product variant attribute"
)
"""Words that can stand after the name of a property: units, languages, and the words of Saleor, as in `Size (variant
attribute)`."""

PRIVATE_WORDS = (
    # English
    "cost costs costing cogs cogm landed purchase purchases purchasing purchased buying buy procurement wholesale "
    "dealer dealers reseller resellers distributor distributors distribution vendor vendors supplier suppliers "
    "seller sellers margin margins markup profit profits commission commissions rebate rebates kickback internal "
    "internals intern private confidential secret secrets turnover revenue buyer buyers negotiated contract map "
    "accounting ledger owner password token apikey "
    # German
    "ek ekp ekpreis ekn ekb ekgrp marge margen spanne rohertrag gewinn aufschlag kalkulation deckungsbeitrag db "
    "provision interne internes interner internen vertraulich geheim umsatz disponent kreditor debitor konditionen "
    "kondition "
    # French
    "achat achats cout couts revient grossiste revendeur marges interna interno internes benefice confidentiel "
    "prive "
    # Spanish, Portuguese, Italian
    "coste costes costo costos costi custo custos compra compras margem margine margini mayorista distribuidor "
    "internos internas ganancia confidencial acquisto acquisti ingrosso rivenditore ricarico riservato provvigione "
    "provvigioni fatturato lucro atacado revenda comissao "
    # Dutch
    "inkoop kosten omzet winst provisie "
    # Danish, Norwegian, Swedish
    "kostnad avance fortjeneste engros internt grossist marginal omsatning omsattning dekningsbidrag "
    # Finnish
    "osto ostot kate katteet tukku sisainen sisaiset "
    # Polish, Czech, Hungarian, Romanian, Turkish
    "koszt koszty marza zysk hurt hurtowa obrot prowizja poufne naklady marze zisk interni arres belso adaos angro "
    "maliyet "
    # Columns of SAP
    "stprs verpr bwprs netpr lifnr prctr bklas mbew stdprice"
)
"""Words of the purchase side, of margins and of internal values. A column with such a word is private."""

OPERATIONAL_WORDS = (
    # English
    "hidden remark remarks memo note notes comment comments warehouse warehouses depot bin bins rack aisle "
    "inventory stock stocks onhand reserved reorder backorder sold discount discounts "
    # German
    "lagerort lager lagerplatz lagerfach bestand bestande rabatt rabatte rabattgruppe skonto bemerkung bemerkungen "
    "notiz notizen anmerkung regal regalplatz regalfach "
    # French
    "entrepot emplacement remarque remarques commentaire commentaires remise remises "
    # Spanish, Portuguese, Italian
    "almacen bodega ubicacion descuento nota notas observacion observaciones magazzino scaffale sconto sconti "
    "giacenza armazem localizacao desconto observacao observacoes estoque existencias existencia "
    # Dutch
    "magazijn locatie opmerking opmerkingen korting voorraad "
    # Danish, Norwegian, Swedish
    "lagerplads lagerplass lagerplats hylde hylle hylla notat bemaerkning rabat anteckning beholdning lagersaldo "
    "saldo "
    # Finnish
    "varasto hyllypaikka huomautus alennus "
    # Polish, Czech, Hungarian, Romanian, Turkish
    "magazyn polka uwagi notatka notatki sklad poznamka poznamky regaly sleva raktar keszlet megjegyzes depozit "
    "stoc "
    # Columns of SAP
    "lgort lgpbe lgpla labst"
)
"""Words of stock, places, notes and discounts. A column with such a word is not a public attribute."""

PRIVATE_STEMS = (
    # English
    "costprice costofgoods costper unitcost standardcost averagecost avgcost landedcost basecost defaultcost "
    "costnet purchaseprice purchaseprices purchasecost buyprice buyingprice wholesaleprice dealerprice tradeprice "
    "netcustomer standardprice supplierprice supplierinfo vendorprice vendorcode vendorname margin markup internal "
    "salesfigure salesvolume salesrank unitssold totalsold quantitysold qtysold warehouse binlocation stocklocation "
    "stocklevel stockquantity reorderpoint safetystock sellerallowed minimumadvertised customerprice "
    # German
    "einkauf einstand lieferant handlerpreis haendlerpreis handlereinkauf grosshandel wiederverkauf selbstkosten "
    "herstellkosten kostenpreis materialkosten lagerort lagerplatz lagerfach lagerbestand mindestbestand "
    "meldebestand handelsspanne deckungsbeitrag verkaufszahl absatzmenge absatzzahl kundenpreis kostenstelle "
    "regalplatz regalnummer "
    # French
    "prixachat prixdachat dachat fournisseur prixrevient prixderevient coutdachat coutachat chiffredaffaires "
    # Spanish, Portuguese, Italian
    "proveedor preciocompra preciodecompra preciocoste preciodecoste fornitor prezzoacquisto prezzodacquisto "
    "dacquisto prezzodicosto fornecedor precodecusto precocusto precodecompra "
    # Dutch
    "inkoop kostprijs leverancier groothandel magazijn "
    # Danish, Norwegian, Swedish
    "kostpris indkob innkjop inkop leverandor leverantor aterforsalj sjalvkostnad engrospris "
    # Finnish
    "ostohin hankinta toimittaja varastopaik varastosaldo tukkuhin myyntikate omakustan "
    # Polish, Czech, Hungarian, Romanian, Turkish
    "zakup dostawc hurtow wewnetrzn magazynow nakup dodavatel velkoobchod skladov nakladov beszerz szallito nagyker "
    "koltseg achiziti furnizor tedarikci alisfiyat"
)
"""Parts of words that make a column private, at any place in its folded name, as in `Einkaufspreis`."""
