-- The source data of products is private, and so is every attribute that is not public by a decision.
--
-- Until now, every column of a file that no field used became an attribute, which everybody can read: also costs,
-- margins and suppliers. The whole row was stored in products.source_data, which every role that sees a product could
-- read. Now the source data has a table of its own, whose policies show it only to the editors of the owner and to the
-- admins of the platform. Attributes that came from a file, and are not known properties of products, are moved there.
--
-- The previous release still writes products.source_data. A trigger moves the value into the table.

set local role app_owner;

-- Several rows of a file can be on the same line. Their ordinal identifies them: their position in the file, counted
-- from 1. The rows of the previous release have the ordinal 0.
alter table app.staged_products add column ordinal integer not null default 0, add column blank_attributes text[];
alter table app.staged_products drop constraint staged_products_pkey;
alter table app.staged_products add constraint staged_products_pkey primary key (job_id, fence, sku, ordinal, line);

-- The settings of a catalog now contain its public attributes and its private columns: up to 100 of each.
alter table catalogs drop constraint catalogs_sync_settings_length;
alter table catalogs
  add constraint catalogs_sync_settings_length check (app.json_fits(sync_settings, 327680));

create table product_sources (
  catalog_id uuid not null,
  product_id uuid not null,
  data jsonb not null,
  constraint product_sources_pkey primary key (catalog_id, product_id),
  constraint product_sources_data_length check (app.json_fits(data, 2097152))
);
comment on table product_sources is
  'The rows of the files from which products were loaded. A delta adds its columns to the data of earlier files.';
alter table product_sources enable row level security;
alter table product_sources force row level security;
create policy migrate on product_sources to app_migrate using (true) with check (true);
create policy definer on product_sources to app_definer using (true) with check (true);
create policy admin on product_sources to app_admin
  using ((select app.admin_role()) is not null) with check ((select app.admin_role()) is not null);
create policy client on product_sources for select to app_client
  using (catalog_id = any ((select app.writable_catalog_ids())::uuid[]));
create policy client_insert on product_sources for insert to app_client
  with check (catalog_id = any ((select app.writable_catalog_ids())::uuid[]));
create policy client_update on product_sources for update to app_client
  using (catalog_id = any ((select app.writable_catalog_ids())::uuid[]))
  with check (catalog_id = any ((select app.writable_catalog_ids())::uuid[]));
grant select, insert, update, delete on product_sources to app_migrate, app_definer;
grant select, insert, update on product_sources to app_admin, app_client;

-- The migration acts as a service, because the audit log would otherwise contain the attributes that it removes.
set local role app_definer;
select set_config('app.subject', 'service:migration', true);
select set_config('app.seal', app.seal('app_migrate'), true);
set local role app_migrate;

do $$
declare
  -- The words of feeds/properties.py. A test compares them.
  properties constant text[] := string_to_array(
    'аромат вес вкус высота габариты глубина диаметр длина емкость запах комплектация масса '
    'материал материалы объем размер размеры расцветка рисунок состав стиль ткань толщина узор '
    'упаковка форма цвет цвета ширина '
    'aanbiedingsprijs aantalpaginas abmessung abmessungen absatz absatzart absatzhoehe absatzhohe abv acabado '
    'acabamento accessories actieprijs actors adviesprijs aermellange afmeting afmetingen afwerking age agegroup '
    'agerange agirlik ainesosat akciosar akcnicena akku akkukapazitat akkulaufzeit aktionspreis alcohol '
    'alcoholbyvolume alcoholcontent alcoholpercentage alcool alder aldersgrupp aldersgruppe alennushinta alergenos '
    'alergeny alimentation alkohol alkoholgehalt alkupera alkuperamaa allergen allergene allergenen allergenes '
    'allergenhinweise allergeni allergens allergiainformation allergies allergyinformation alter altersempfehlung '
    'altersgruppe altezza alto altura anada ancho anchura angebotspreis anlass anledning annata anschlusse anvandning '
    'anvendelse anwendung anwendungsbereich anyag aplicacion application applicazione arbeitsspeicher armellange '
    'aroma artikelzustand artist asin assembly assemblyrequired atmero audience auflage auflosung ausgabe ausschnitt '
    'ausstattung auteur author authors autor autora autore autoren availability availabilitydate baleni ballaststoffe '
    'barcode barcodes barva barvy barwa basecolor bateria batteria batterie batterien batteries batterietyp batterij '
    'battery batterycapacity batterylife batterytype beden bedienungsanleitung beeldscherm belastbarkeit benefits '
    'besonderheiten bestbefore besturingssysteem betriebssystem betriebstemperatur bildauflosung bildschirm '
    'bildschirmdiagonale bildschirmgrosse binding bio bloomcolor bluetezeit bluetooth bluhzeit botanicalname brand '
    'brandname bredd bredde breedte breit breite brgew brilliance bruttogewicht bundle cablelength calories camera '
    'capacidad capacidade capacita capacite capacity caracteristicas caracteristiques carat caratteristiche '
    'carbohydrates care careinstructions carelabel carovy carovykod cast cechy ceenergyclass cenakatalogowa '
    'cenapremarkowa cenapromocyjna cenasugerowana cepage certificacao certificacion certificate certification '
    'certifications certificazione certificering chiusura chut cierre cirkapris claim clarity claseenergetica '
    'classeenergetique closure closuretype clothingsize codebarre codebarres codiceabarre codiceean codiceproduttore '
    'codigobarras codigodebarra codigodebarras col colecao coleccion collar collectie collection collections '
    'collezione color colore colores colorfamily colori coloris colorname colorprincipal colors colortemperature '
    'colour colourname colours compareatprice compareprice compatibilidad compatibilita compatibilite compatibiliteit '
    'compatibility compatibledevices compatiblewith composants composicao composicion composition composizione '
    'comprimento condicao condition conditionnement condizione conectividad confezione connections connectique '
    'connectivity conseilsdentretien conservation conservationconditions contenance contenido contenidodelpaquete '
    'content contents contenu contenuto conteudo cor cores corte couleur couleurs countryofmanufacture '
    'countryoforigin coupe cpu cpumodel cuello cuidados culoare cupsize cut czasdostawy czestotliwosc datadiuscita '
    'datasheet datedeparution datenblatt delaidelivraison deliverytime delka depth descriptioncourte design dessein '
    'dessin diameter diametre diametro dicke diepte difficulty dikte dimension dimensioner dimensiones dimensioni '
    'dimensions dimensoes director disegno dishwashersafe display displaysize djup dlugosc dodacilhuta doelgroep doft '
    'doporucenacena doublure drehmoment drehzahl druck duft duftart duftnote duration durchmesser duree dybde ean '
    'eancode eannr eannummer eans eanupc ecolabel ecran edad edadrecomendada edelmetall edelsteen edelstein edicao '
    'edicion editeur editie edition editora editore editorial edizione eenheid effekt egenskaber eigengewicht '
    'eigenschaften eigenschappen einband einheit einsatzbereich eiweiss embalagem embalaje emballage emballasje '
    'encadernacao encuadernacion energieeffizienzklasse energieklasse energieverbrauch energy energyclass '
    'energyconsumption energyefficiencyclass energykcal energylabel enhed enhet enlace entretien epaisseur '
    'erscheinungsdatum erscheinungstermin espesor espessura estacao estado estampa estampado estilo eta etancheite '
    'etat etichette etiketter etiquetas europeanarticlenumber fabric fabricant fabricante fabrics fabrikant '
    'faixaetaria fantasia farbbezeichnung farbe farben farbname farbtemperatur farbton farg farge farger farve farver '
    'fasciadeta fassung fassungsvermoegen fassungsvermogen fat feature features fechadepublicacion feingehalt '
    'fermeture festplatte fett fiber fibre finish finition finitura fit flavor flavors flavour flavours floweringtime '
    'fodera forfattare forfatter forlag form forma format formato forme forpackning forpris forro fragancia fragrance '
    'fragrancia fragranza frequence frequency frequentie frequenz frequenza fuellmenge fullmenge futter '
    'futtermaterial garanti garantia garantie garantiezeit garanzia gauge gebruik geeignetfur geheugen gelegenheid '
    'gelegenheit gema gemstone gemstones gender genere genero genislik genre gesamtbreite gesamthohe gesamtlange '
    'gesamttiefe geschlecht geschmack geschmacksrichtung geslacht geur gewebe gewei gewicht gewichtseinheit gewinde '
    'gewindegrosse glanz glebokosc globaltradeitemnumber gloss glutenfree glutenfrei gout gpu gradoalcoholico '
    'graduacion grafikkarte grape grapevariety graphics graphicscard grit groes groesse groessen grosor grosse '
    'grossen grossweight groupecible groupedage grubosc grundeinheit grundfarbe grundpreiseinheit grupawiekowa '
    'grupodeedad gtin gtins gtinupceanorisbn guarantee gusto gwarancja habitacion hak halal halkaisija halslijn '
    'haltbarkeit handle harddisk hardiness hardness harte hauptfarbe hauteur hdmi heel heelheight heeltype height hem '
    'herkl herkomst herkunft herkunftsland hersteller herstellerartikelnummer herstellername herstellernr '
    'herstellernummer herstellungsland highlights hloubka hmotnost hoehe hohe hoito hojd hojde hoofdkleur hoogte '
    'hossz hoyde idade idioma ika ikaryhma illustrator impermeabile impermeable includeditems includes indhold '
    'indooroutdoor ingrediensen ingredienser ingredient ingredienten ingredientes ingredienti ingredientlist '
    'ingredients inhalt inhaltsstoffe inhoud ink inktype innehall innenmaterial innhold inseam instruccionesdelavado '
    'interface interfaces iprating isbn isbncode isbundle issn istruzionidilavaggio itemcondition itemgroup '
    'itemgroupid itemweight jahrgang jan jannite jazyk jednostka jednostkamiary jednotka jezyk kabellaenge kabellange '
    'kalorien kamen kamer kamera kamien kampanjepris kampanjpris kangas kapacitet kapazitaet kapazitat karat '
    'kayttotarkoitus kenmerken keywords kieli kirjailija kivi kjonn kleur kleuren kodean kodkreskowy kohlenhydrate '
    'koko kolekcja kollektion kolor kolory kompatibelmit kompatibilitat kon konfektionsgrosse konnektivitat koostumus '
    'koot korkeus kornung kosher kragen krajpochodzenia krajprodukcji ksztalt kunstler kunto kurzbeschreibung '
    'kustantaja kuvio lactosefree laeng laengde laenge lagerhinweise laktosefrei lampholder landvanherkomst langd '
    'lange language languages langue largeur larghezza largo largura latka laufzeit launchdate lautstarke lavaggio '
    'laveaisselle leeftijd leeftijdsgroep legierung legstyle leistung leistungsaufnahme lengde lengte length lengths '
    'leveranstid leveringstid levertijd leveys lichtstrom liczbastron lieferumfang lieferzeit lienproduit line lingua '
    'lining liningmaterial link loadcapacity longitud longueur longueurmanche lumen luminousflux lunghezza maat '
    'madein maerke magassag maincolor maincolour maku mal malgruppe malli malzeme manche manga manica manual '
    'manufacturer manufacturername manufacturernumber manufacturerpartno manufacturerpartnumber '
    'manufacturersuggestedretailprice marca marchio marka marke marque masse masze maten materiaal materiaali '
    'materiais material materiale materialer materiales materiali materialien materialname materials materialstarke '
    'materialy materialzusammensetzung materiau materiaux matiere matieres matt maximalbelastung maxload '
    'maxtemperature meabm measurements measures medidas megapixel memoire memoria memoriaram memory memorysize '
    'mengeneinheit meret merk merkki merkmale mesures metadescription metakeywords metal metalpurity metaltype '
    'metatitle metaux microwavesafe middellijn mikrowellengeeignet millesime mindestalter mindesthaltbarkeit '
    'minimumage minta misura misure mitat moc model modele modell modellbezeichnung modellname modello modelname '
    'modelnumber modelo modelyear monster montage motif motiv motivo mots motscles mounting mouwlengte mpn msrp '
    'multipack muoto muster naehrwerte nahrwerte napeti napiecie neckline nennfullmenge nennleistung nennspannung '
    'nennstrom netcontent netcontents nettogewicht nettopaino nettovikt netweight netzspannung nibsize niveau '
    'noiselevel nombredepages norm normen ntgew numberofpages numberofpieces numberofplayers numerodepaginas '
    'numerodipagine nutrition nutritionalinformation nutritionalvalues nutritionfacts oberflache '
    'oberflachenbehandlung oberflaeche obermaterial objem obsah ocasiao ocasion occasion occasione ohjehinta okazja '
    'oldprice ominaisuudet onderhoud opacity opakowanie operatingsystem operatingtemperature oppervlak '
    'opprinnelsesland oprindelsesland opslagcapaciteit organic origem origen origin originaltitle origincountry '
    'origine originregion os overflade packagecontents packagedimensions packageheight packagelength packagesize '
    'packageweight packagewidth packaging packagingtype packquantity packsize packungsgrosse packungsinhalt padrao '
    'paesediorigine paesediproduzione paesedorigine pagecount pages paginas pagine paino paisdeorigem paisdeorigen '
    'paisorigen pakkaus pakkauskoko paksuus panel pantalla parentsku parfum passform pasvorm patron patroon pattern '
    'patterns paysdefabrication paysdorigine paysorigine pcs pedra permalink peso pesobruto pesoliquido pesolordo '
    'pesoneto pesonetto pesuohje pflanzenart pflege pflegeanleitung pflegehinweis pflegehinweise piece pieces '
    'piecesperpack piedra pielegnacja pierre pierres pietra pinta pituus plantname platform plattform players '
    'plazodeentrega plec pocetstran pohlavi poids poidsbrut poidsnet pointure pojemnosc ports potencia potenza '
    'pouziti povrch power powercable powersource powersupply precioanterior preciooferta preciorebajado '
    'preciorecomendado precopromocional precorecomendado preisempfehlung preorder presion pression pressione pressure '
    'prezzoconsigliato prezzoofferta prezzoscontato prilezitost print prixbarre prixconseille prixpromo '
    'prixpromotionnel prixpublicconseille prixsolde procesador processeur processor producent producthighlight '
    'producthighlights productline productlink producttype producturl productweight produktdatenblatt produktlinie '
    'produktmasse produttore profondeur profondita profumo profundidad profundidade protectionclass protein prozessor '
    'prumer przeznaczenie publicationdate publico publicoobjetivo publisher puissance pvpr ram ratedcurrent '
    'ratedpower ratedvoltage rating raum reapris rebsorte recommendedage recommendedretailprice recycledcontent '
    'referencefabricant referenciafabricante refreshrate regisseur rekommenderatpris releasedate reliure renk '
    'resolucion resolution resume rilegatura ringsize rise risoluzione room roomtype rozmer rozmery rozmiar rozmiary '
    'rrp rumfang runtime sabor safra saison saleprice salepriceeffectivedate salt salz samenstelling sammansattning '
    'sammensatning sarja sason saturatedfat saveur scent schallleistungspegel schermdiagonaal schermgrootte schermo '
    'schlagworte schnitt schnittstellen schoenmaat schuhgrosse schutzart schutzklasse schwierigkeitsgrad scollo '
    'screenresolution screensize season seiten seitenanzahl seitenzahl seizoen semelle sensor senteur seodescription '
    'seria serie series sesso sexe sexo sezon shape shelflife shippingheight shippinglength shippingweight '
    'shippingwidth shoesize shortdescription sider sidor sirka sisalto sistemaoperativo sivumaara size sizechart '
    'sizeeu sizename sizes sizesystem sizetype sizeuk sizeus skick skilllevel skladniki sleeve sleevelength slogan '
    'slozeni slug sluiting smaak smag smak sockel sohle sole solematerial spaending spanning spannung speed speicher '
    'speicherkapazitat speicherplatz spenning spessore spieldauer spieleranzahl sprache sprachen sprak sprog '
    'spuelmaschinengeeignet spulmaschinenfest spulmaschinengeeignet srednica srp ssd staat staerke stagione stanza '
    'starke steen stein sten stijl stil stile stof stoff stoffe stone stones stonetype storage storagecapacity '
    'storageinstructions storagesize storlek storlekar storrelse storrelser streckkod streepjescode stregkode '
    'streichpreis strekkode strichcode strikethroughprice strom stromaufnahme stromverbrauch stromversorgung '
    'stuckzahl stueckzahl styl style subtitle suela sugar sugarfree sugars suggestedretailprice suitablefor sukupuoli '
    'suly suola suositushinta surface surfacefinish sustainability systemedexploitation syvyys szarmazasihely '
    'szelesseg szerokosc szin taal tacco tacon tag taglia taglie tagline tags taille tailledecran tailles takuu talla '
    'tallas talon tamanho tamanhos tamano tamanodepantalla taradeorigine targetagegroup targetaudience targetgroup '
    'tarjoushinta taste tecido teho teinte tejido tela tema temperatura temperaturbereich temperature tempidiconsegna '
    'temporada tensao tension tensione tensionnominal tessuto textile thema theme thickness thread threadsize tiefe '
    'tilaisuus tilavuus tilbudspris tillverkare tilstand tinta tissu titrealcoolique tjocklek tkanina tloustka '
    'toepassing toimitusaika tolerance torque tragkraft trancheage trancheedage translator transparency tuoksu tvar '
    'tvattrad tworzywo tyg tykkelse tyyli udrzba uitgever umweltzeichen unidad unidaddemedida unidade unit unita '
    'unitadimisura unite unitedepoids unitofmeasure unitpricingbasemeasure unitpricingmeasure unitsperpack untertitel '
    'unverbindlichepreisempfehlung uom upc upccode upper uppermaterial urlkey ursprung ursprungsland urtartalom usage '
    'usages usb uso utilisation utilizzo uvp uzunluk vaatwasserbestendig vaegt vagt vaha valmistusmaa vanprijs vari '
    'varit varumarke vaskeanvisning vegan vegetarian vegetarisch veiledendepris vejledendepris vek vekovaskupina vekt '
    'velikost velikosti velocidad velocita verfasser verkoopadviesprijs verlag vermogen verpackung verpackungsart '
    'verpackungsinhalt verpakking verpakkingsinhoud versandgewicht verschijningsdatum verschluss version verwendung '
    'verwendungszweck vestibilita video videourl viivakoodi vikt vintage vintageyear vitesse vlastnosti voering voleh '
    'voltage voltaje volum volume volumeinhoud volumen volym vonalkod vorm vune vydavatel vykon vyrobce vyska vzor '
    'waga wagabrutto waganetto waist warranty warrantyperiod waschanleitung washinginstructions washingtemperature '
    'wasprice wasserdicht wasserfest wasvoorschrift waterdicht waterproof waterresistance waterresistant wattage '
    'weight weightgrams weights weightunit weightvaluegrams width wiek wifi winterhart wlan wohnraum wydawnictwo '
    'wykonczenie wymiar wymiary wysokosc wzor yksikko ytbehandling yukseklik zapach zaruka zastosowanie zawartosc '
    'zemepuvodu zertifikate zertifizierung zielgruppe znacka zool zubehor zucker zusammensetzung zustand zutaten '
    'zutatenliste', ' ');
  product_words constant text[] := string_to_array(
    'article artikel item prodotto product producto produit produkt produktu produto towaru tuotteen', ' ');
  path_words constant text[] := string_to_array(
    'additional attr attribute attributes basic custom data detail details dimension dimensions feature features '
    'field g general global header main measurement measurements merkmal meta metafield metafields option options pa '
    'param params physical properties property shipping spec specification specifications specs technical trade '
    'variant variants', ' ');
  unit_words constant text[] := string_to_array(
    'at attribute ch chf cl cm cmt cs czk da de deu dkk dl dut en eng es eu eur fi fr fra fre ft g gb gbp ger gr gram '
    'gramm grammes grams grm hu in inch inches int it ita kg kgm kilogram kilograms km l lb lbs liter liters litre '
    'litres litro litros ltr m mg ml mlt mm mmt mtr nb nl nld no nok oz pl pln por product pt ro sek spa sv text uk '
    'us usd value variant zoll', ' ');
  private_words constant text[] := string_to_array(
    'accounting achat achats acquisti acquisto adaos aisle alennus almacen angro anmerkung anteckning apikey armazem '
    'arres atacado aufschlag avance backorder beholdning belso bemaerkning bemerkung bemerkungen benefice bestand '
    'bestande bin bins bklas bodega buy buyer buyers buying bwprs cogm cogs comissao comment commentaire commentaires '
    'comments commission commissions compra compras confidencial confidential confidentiel contract cost coste costes '
    'costi costing costo costos costs cout couts custo custos db dealer dealers debitor deckungsbeitrag '
    'dekningsbidrag depot depozit desconto descuento discount discounts disponent distribuidor distribution '
    'distributor distributors ek ekb ekgrp ekn ekp ekpreis emplacement engros entrepot estoque existencia existencias '
    'fatturato fortjeneste ganancia geheim gewinn giacenza grossist grossiste hidden huomautus hurt hurtowa hylde '
    'hylla hylle hyllypaikka ingrosso inkoop intern interna internal internals internas interne internen interner '
    'internes interni interno internos internt inventory kalkulation kate katteet keszlet kickback kondition '
    'konditionen korting kosten kostnad koszt koszty kreditor labst lager lagerfach lagerort lagerplads lagerplass '
    'lagerplats lagerplatz lagersaldo landed ledger lgort lgpbe lgpla lifnr localizacao locatie lucro magazijn '
    'magazyn magazzino maliyet map marge margem margen marges margin marginal margine margini margins markup marza '
    'marze mayorista mbew megjegyzes memo naklady negotiated netpr nota notas notat notatka notatki note notes notiz '
    'notizen obrot observacao observacion observaciones observacoes omsatning omsattning omzet onhand opmerking '
    'opmerkingen osto ostot owner password polka poufne poznamka poznamky prctr private prive procurement profit '
    'profits provisie provision provvigione provvigioni prowizja purchase purchased purchases purchasing rabat rabatt '
    'rabatte rabattgruppe rack raktar rebate rebates regal regalfach regalplatz regaly remark remarks remarque '
    'remarques remise remises reorder reseller resellers reserved revenda revendeur revenue revient ricarico '
    'riservato rivenditore rohertrag saldo scaffale sconti sconto secret secrets seller sellers sisainen sisaiset '
    'sklad skonto sleva sold spanne stdprice stoc stock stocks stprs supplier suppliers token tukku turnover '
    'ubicacion umsatz uwagi varasto vendor vendors verpr vertraulich voorraad warehouse warehouses wholesale winst '
    'zisk zysk', ' ');
  private_stems constant text[] := string_to_array(
    'absatzmenge absatzzahl achiziti alisfiyat aterforsalj averagecost avgcost basecost beszerz binlocation '
    'buyingprice buyprice chiffredaffaires costnet costofgoods costper costprice coutachat coutdachat customerprice '
    'dachat dacquisto dealerprice deckungsbeitrag defaultcost dodavatel dostawc einkauf einstand engrospris '
    'fornecedor fornitor fournisseur furnizor groothandel grosshandel haendlerpreis handelsspanne handlereinkauf '
    'handlerpreis hankinta herstellkosten hurtow indkob inkoop inkop innkjop internal koltseg kostenpreis '
    'kostenstelle kostprijs kostpris kundenpreis lagerbestand lagerfach lagerort lagerplatz landedcost leverancier '
    'leverandor leverantor lieferant magazijn magazynow margin markup materialkosten meldebestand mindestbestand '
    'minimumadvertised myyntikate nagyker nakladov nakup netcustomer omakustan ostohin preciocompra preciocoste '
    'preciodecompra preciodecoste precocusto precodecompra precodecusto prezzoacquisto prezzodacquisto prezzodicosto '
    'prixachat prixdachat prixderevient prixrevient proveedor purchasecost purchaseprice purchaseprices qtysold '
    'quantitysold regalnummer regalplatz reorderpoint safetystock salesfigure salesrank salesvolume selbstkosten '
    'sellerallowed sjalvkostnad skladov standardcost standardprice stocklevel stocklocation stockquantity '
    'supplierinfo supplierprice szallito tedarikci toimittaja totalsold tradeprice tukkuhin unitcost unitssold '
    'varastopaik varastosaldo velkoobchod vendorcode vendorname vendorprice verkaufszahl warehouse wewnetrzn '
    'wholesaleprice wiederverkauf zakup', ' ');
  private_stem constant text := array_to_string(private_stems, '|');
  name text;
  words text[];
  is_public boolean;
  first integer;
  last integer;
  joined text;
  is_private boolean;
  private_names text[] := '{}';
  secret_names text[] := '{}';
  batch uuid[];
begin
  -- Decide about each name, as feeds/visibility.py does.
  for name in
    select distinct key from products p, jsonb_object_keys(p.attributes) key where p.source_data is not null
  loop
    joined := app.fold(regexp_replace(name, '([a-z])([A-Z])', '\1 \2', 'g'), 1000);
    joined := replace(replace(replace(replace(joined, 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), '°', ' ');
    words := string_to_array(btrim(regexp_replace(joined, '[\u0001-\u0060\u007b-\u007f]+', ' ', 'g')), ' ');
    is_private := words && private_words or array_to_string(words, '') ~ private_stem;
    is_public := false;
    joined := app.fold(regexp_replace(regexp_replace(name, '@[a-z]*(unit|currency|lang)[a-z]*$', '', 'i'),
      '([a-z])([A-Z])', '\1 \2', 'g'), 1000);
    joined := replace(replace(replace(replace(joined, 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), '°', ' ');
    words := string_to_array(btrim(regexp_replace(joined, '[\u0001-\u0060\u007b-\u007f]+', ' ', 'g')), ' ');
    first := 1;
    last := coalesce(array_length(words, 1), 0);
    while not is_private and first <= last loop
      joined := array_to_string(words[first:last], '');
      if joined = any (properties) or exists (
          select from unnest(product_words) word
          where starts_with(joined, word) and substr(joined, length(word) + 1) = any (properties)) then
        is_public := true;
        exit;
      elsif words[last] = any (unit_words) and last > first then
        last := last - 1;
      elsif words[first] = any (product_words || path_words) then
        first := first + 1;
      else
        exit;
      end if;
    end loop;
    if not is_public then
      private_names := private_names || name;
    end if;
    if is_private then
      secret_names := secret_names || name;
    end if;
  end loop;

  -- One statement for a whole catalog would add one invalidation with very many tags.
  for batch in
    select array_agg(id)
    from (select id, (row_number() over (order by catalog_id, id) - 1) / 5000 as n
          from products where source_data is not null) numbered
    group by n order by n
  loop
    -- An attribute is moved if its name is that of a private value, or if the row has the same name and value. If the
    -- row does not have the name, a later delta has replaced the row. The attribute is then moved if an earlier file of
    -- the catalog had a column with this name. If the row has another value, somebody has changed the attribute.
    with moved as materialized (
      select p.id, p.catalog_id, p.source_data,
        (select coalesce(jsonb_object_agg(a.key, a.value), '{}')
         from jsonb_each(p.attributes) a
         where a.key = any (private_names) and (
           a.key = any (secret_names)
           or position(E'\n' || a.key || ': ' || (a.value #>> '{}') || E'\n'
             in E'\n' || coalesce(p.source_data ->> 'attributes', '') || E'\n') > 0
           or (select coalesce(bool_or(btrim(s.value, E' \t\r\n') = btrim(a.value #>> '{}', E' \t\r\n')), exists (
                 select from jobs j where j.catalog_id = p.catalog_id
                   and j.result -> 'read_as' -> 'columns' ? a.key))
               from jsonb_each_text(p.source_data) s
               where a.key in (s.key, regexp_replace(regexp_replace(left(normalize(s.key, NFC), 100),
                 '\s*\((product|variant) attribute\)$', ''), '^attributes\.', ''))))) as attributes
      from products p where p.id = any (batch)
    ), stored as (
      insert into product_sources (catalog_id, product_id, data)
      select catalog_id, id, attributes || source_data from moved
      on conflict do nothing
    )
    update products p
    set source_data = null, attributes = p.attributes - array(select jsonb_object_keys(m.attributes))
    from moved m where p.id = m.id;
  end loop;
end
$$;
