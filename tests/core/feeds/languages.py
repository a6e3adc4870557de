"""The column names and values of a usual export, in each supported language."""

# ruff: noqa: E501, RUF001

from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    """The column names of one language, and values of the stock column and the state column."""

    code: str
    currency: str
    sku: str
    name: str
    supplier: str
    purchase: str
    price: str
    stock: str
    state: str
    color: str
    active: str
    inactive: str
    in_stock: str
    sold_out: str


_TABLE = """
af|ZAR|Itemkode|Produknaam|Verskaffer|Kosprys|Verkoopprys insl. BTW|Voorraad op hande|Status|Kleur|aktief|gestaak|in voorraad|uit voorraad
am|ETB|የዕቃ ኮድ|የዕቃ ስም|አቅራቢ|የግዢ ዋጋ|የመሸጫ ዋጋ|ክምችት|ሁኔታ|ቀለም|በሽያጭ ላይ|የተቋረጠ|አለ|አልቋል
ar|SAR|رقم الصنف|اسم المنتج|المورد|سعر التكلفة|سعر البيع|الكمية|الحالة|اللون|نشط|غير نشط|متوفر|نفدت الكمية
az|AZN|Malın kodu|Malın adı|Təchizatçı|Alış qiyməti|Satış qiyməti|Qalıq|Status|Rəng|aktiv|passiv|var|tükənib
be|BYN|Код тавару|Назва тавару|Пастаўшчык|Закупачная цана|Рознічная цана|Рэшта|Статус|Колер|у продажы|зняты з продажу|ёсць|няма
bg|BGN|Артикулен номер|Наименование|Доставчик|Доставна цена|Продажна цена с ДДС|Наличност|Статус|Цвят|активен|спрян|на склад|изчерпан
bn|BDT|পণ্য কোড|পণ্যের নাম|সরবরাহকারী|ক্রয় মূল্য|বিক্রয় মূল্য|মজুদ|অবস্থা|রঙ|সক্রিয়|নিষ্ক্রিয়|মজুদ আছে|মজুদ নেই
ca|EUR|Codi intern|Nom del producte|Proveïdor|Preu de cost|Preu de venda amb IVA|Estoc actual|Estat|Color|actiu|descatalogat|en estoc|esgotat
cs|CZK|Katalogové číslo|Název zboží|Dodavatel|Nákupní cena|Prodejní cena s DPH|Počet kusů|Viditelnost|Barva|viditelný|skrytý|skladem|vyprodáno
cy|GBP|Cod cynnyrch|Enw cynnyrch|Cyflenwr|Pris prynu|Pris gwerthu|Stoc|Statws|Lliw|ar werth|wedi dod i ben|mewn stoc|allan o stoc
da|DKK|Produktnr.|Varetekst|Leverandør|Indkøbspris|Salgspris inkl. moms|Lagerbeholdning|Vis på web|Farve|Ja|Udgået|på lager|udsolgt
de|EUR|Katalognummer|Bezeichnung|Lieferant|EK netto|VK brutto|Freier Bestand|Im Webshop|Farbe|ja|läuft aus|vorhanden|vergriffen
el|EUR|Κωδικός είδους|Περιγραφή είδους|Προμηθευτής|Τιμή αγοράς|Τιμή λιανικής με ΦΠΑ|Απόθεμα|Κατάσταση|Χρώμα|Ενεργό|Ανενεργό|Διαθέσιμο|Εξαντλήθηκε
en|GBP|Our Code|Part Description|Supplier|Our Cost|Selling Price inc VAT|Qty in Stock|Show on web|Colour|Y|on stop|plenty|all gone
es|MXN|Clave producto|Nombre del artículo|Proveedor|Precio mayoreo|Precio menudeo|Existencia actual|Situación|Color|alta|dado de baja|hay|no hay
et|EUR|Tootekood|Nimetus|Tarnija|Ostuhind|Müügihind km-ga|Laoseis|Olek|Värv|aktiivne|peidetud|laos|otsas
eu|EUR|Produktuaren kodea|Izena|Hornitzailea|Erosketa prezioa|Salmenta prezioa|Izakinak|Egoera|Kolorea|salgai|kenduta|badago|agortuta
fa|IRR|کد کالا|نام کالا|تامین کننده|قیمت خرید|قیمت فروش|موجودی|وضعیت|رنگ|فعال|غیرفعال|موجود|ناموجود
fi|EUR|Nimikekoodi|Nimitys|Toimittaja|Ostohinta|Verollinen myyntihinta|Vapaa saldo|Näkyvyys|Väri|näkyvissä|lopetettu|varastossa|loppu
fr|EUR|Référence interne|Désignation|Fournisseur|Prix d'achat HT|Prix de vente TTC|Qté dispo|En ligne|Couleur|oui|en sommeil|en stock|en rupture
ga|EUR|Cód táirge|Ainm an táirge|Soláthraí|Praghas mórdhíola|Praghas díola|Cainníocht|Stádas|Dath|ar díol|ar ceal|i stoc|as stoc
gl|EUR|Código do produto|Nome do produto|Provedor|Prezo de custo|Prezo de venda|Existencias|Publicado|Cor|á venda|retirado|hai|esgotado
gu|INR|વસ્તુ કોડ|વસ્તુનું નામ|સપ્લાયર|ખરીદ ભાવ|વેચાણ ભાવ|જથ્થો|સ્થિતિ|રંગ|સક્રિય|નિષ્ક્રિય|ઉપલબ્ધ|ખલાસ
he|ILS|מק"ט|שם פריט|ספק|מחיר קניה|מחיר לצרכן כולל מע"מ|מלאי|סטטוס|צבע|פעיל|לא פעיל|במלאי|אזל מהמלאי
hi|INR|उत्पाद कोड|उत्पाद का नाम|आपूर्तिकर्ता|खरीद मूल्य|बिक्री मूल्य|स्टॉक|स्थिति|रंग|सक्रिय|निष्क्रिय|उपलब्ध|अनुपलब्ध
hr|EUR|Šifra artikla|Naziv artikla|Dobavljač|Nabavna cijena|Maloprodajna cijena|Zaliha|Status|Boja|aktivan|povučen iz prodaje|na zalihi|rasprodano
hu|HUF|Cikkszám|Megnevezés|Beszállító|Beszerzési ár|Bruttó eladási ár|Készlet|Állapot|Szín|aktív|kifutott|raktáron|elfogyott
hy|AMD|Ապրանքի կոդ|Ապրանքի անվանում|Մատակարար|Գնման գին|Վաճառքի գին|Մնացորդ|Կարգավիճակ|Գույն|ակտիվ|ոչ ակտիվ|առկա է|սպառված
id|IDR|Kode Barang|Nama Barang|Pemasok|Harga Beli|Harga Jual|Jumlah Stok|Status Produk|Warna|aktif|nonaktif|tersedia|habis
is|ISK|Vörunúmer|Vöruheiti|Birgir|Innkaupsverð|Söluverð með vsk|Birgðir|Staða|Litur|virk|óvirk|til á lager|uppselt
it|EUR|Riferimento interno|Nome prodotto|Fornitore|Prezzo d'acquisto|Prezzo al pubblico IVA inclusa|Giacenza attuale|Vendibile|Colore|sì|fuori produzione|disponibile|esaurito
ja|JPY|商品コード|商品名|仕入先|仕入価格|販売価格（税込）|在庫数|公開状態|カラー|公開|非公開|在庫あり|売り切れ
ka|GEL|პროდუქტის კოდი|დასახელება|მომწოდებელი|შესყიდვის ფასი|გასაყიდი ფასი|ნაშთი|სტატუსი|ფერი|აქტიური|არააქტიური|მარაგშია|ამოიწურა
kk|KZT|Тауар коды|Тауар атауы|Жеткізуші|Сатып алу бағасы|Сату бағасы|Қалдық|Күйі|Түсі|сатылымда|тоқтатылған|бар|таусылды
km|KHR|លេខកូដទំនិញ|ឈ្មោះទំនិញ|អ្នកផ្គត់ផ្គង់|តម្លៃទិញ|តម្លៃលក់|ស្តុក|ស្ថានភាព|ពណ៌|សកម្ម|អសកម្ម|មានស្តុក|អស់ស្តុក
kn|INR|ಉತ್ಪನ್ನ ಕೋಡ್|ಉತ್ಪನ್ನದ ಹೆಸರು|ಪೂರೈಕೆದಾರ|ಖರೀದಿ ಬೆಲೆ|ಮಾರಾಟ ಬೆಲೆ|ದಾಸ್ತಾನು|ಸ್ಥಿತಿ|ಬಣ್ಣ|ಸಕ್ರಿಯ|ನಿಷ್ಕ್ರಿಯ|ಲಭ್ಯವಿದೆ|ಲಭ್ಯವಿಲ್ಲ
ko|KRW|상품코드|상품명|공급사|공급가|판매가|재고수량|판매상태|색상|판매중|판매중지|재고있음|품절
ky|KGS|Товардын коду|Товардын аталышы|Сатып алуу жери|Сатып алуу баасы|Сатуу баасы|Калдык|Абалы|Түсү|сатыкта|активдүү эмес|бар|түгөндү
lb|EUR|Artikelnummer intern|Produktnumm|Fournisseur|Akafspräis|Verkafspräis|Unzuel|Sichtbar|Faarf|aktiv|net aktiv|op Lager|ausverkaaft
lo|LAK|ລະຫັດສິນຄ້າ|ຊື່ສິນຄ້າ|ຜູ້ສະໜອງ|ລາຄາທຶນ|ລາຄາຂາຍ|ຈຳນວນ|ສະຖານະ|ສີ|ເປີດຂາຍ|ປິດຂາຍ|ມີສິນຄ້າ|ສິນຄ້າໝົດ
lt|EUR|Prekės kodas|Pavadinimas|Tiekėjas|Pirkimo kaina|Pardavimo kaina su PVM|Likutis|Būsena|Spalva|aktyvus|nebeparduodama|yra sandėlyje|išparduota
lv|EUR|Preces kods|Nosaukums|Piegādātājs|Iepirkuma cena|Pārdošanas cena ar PVN|Atlikums|Statuss|Krāsa|aktīvs|neaktīvs|ir noliktavā|izpārdots
mk|MKD|Шифра на артикл|Назив на артикл|Добавувач|Набавна цена|Продажна цена со ДДВ|Залиха|Статус|Боја|активен|повлечен од продажба|на залиха|распродадено
ml|INR|ഉൽപ്പന്ന കോഡ്|ഉൽപ്പന്നത്തിന്റെ പേര്|വിതരണക്കാരൻ|വാങ്ങൽ വില|വിൽപ്പന വില|സ്റ്റോക്ക്|നില|നിറം|സജീവം|നിഷ്ക്രിയം|ലഭ്യമാണ്|തീർന്നു
mn|MNT|Барааны код|Барааны нэр|Нийлүүлэгч|Бөөний үнэ|Худалдах үнэ|Үлдэгдэл|Төлөв|Өнгө|идэвхтэй|идэвхгүй|бэлэн|дууссан
mr|INR|उत्पादन कोड|उत्पादनाचे नाव|पुरवठादार|खरेदी किंमत|विक्री किंमत|साठा|स्थिती|रंग|सक्रिय|निष्क्रिय|शिल्लक आहे|संपले
ms|MYR|Kod produk|Nama produk|Pembekal|Harga borong|Harga jualan|Baki stok|Status jualan|Warna|dijual|dihentikan|ada stok|tiada stok
mt|EUR|Kodiċi tal-prodott|Isem il-prodott|Fornitur|Prezz tax-xiri|Prezz tal-bejgħ|Kwantità|Fuq il-websajt|Kulur|attiv|mhux attiv|hemm|spiċċa
my|MMK|ပစ္စည်းကုဒ်|ပစ္စည်းအမည်|လက်ကားဆိုင်|ဝယ်ဈေး|ရောင်းဈေး|လက်ကျန်|အခြေအနေ|အရောင်|ရောင်းနေသည်|ရပ်ထားသည်|ရှိသည်|ကုန်သွားပြီ
nb|NOK|Artikkelnr|Varetekst|Leverandør|Innkjøpspris|Utsalgspris inkl. mva|Lagerbeholdning|Synlig|Farge|Ja|Utgått|på lager|utsolgt
ne|NPR|सामानको कोड|सामानको नाम|आपूर्तिकर्ता|किनेको मूल्य|बेच्ने मूल्य|मौज्दात|स्थिति|रङ|सक्रिय|निष्क्रिय|उपलब्ध छ|सकियो
nl|EUR|Eigen artikelnummer|Artikelomschrijving kort|Leverancier|Inkoopprijs|Verkoopprijs incl. btw|Technische voorraad|Zichtbaar in webshop|Kleur|ja|gestopt|op voorraad|uitverkocht
pa|INR|ਉਤਪਾਦ ਕੋਡ|ਉਤਪਾਦ ਦਾ ਨਾਮ|ਸਪਲਾਇਰ|ਖਰੀਦ ਕੀਮਤ|ਵਿਕਰੀ ਕੀਮਤ|ਸਟਾਕ|ਸਥਿਤੀ|ਰੰਗ|ਸਰਗਰਮ|ਬੰਦ|ਉਪਲਬਧ|ਖਤਮ
pl|PLN|Nr katalogowy|Nazwa artykułu|Dostawca|Cena hurtowa|Cena detaliczna brutto|Stan mag.|Widoczność|Kolor|widoczny|wycofany|na stanie|wyprzedany
pt|BRL|Código interno|Nome do item|Fornecedor|Preço de custo|Preço varejo|Estoque atual|Situação|Cor|Ativo|Descontinuado|em estoque|esgotado
ro|RON|Cod produs|Denumire produs|Furnizor|Preț de achiziție|Preț cu TVA|Stoc disponibil|Stare|Culoare|activ|scos din producție|în stoc|epuizat
ru|RUB|Артикул|Наименование|Поставщик|Закупочная цена|Розничная цена|Остаток на складе|Статус|Цвет|в продаже|снят с продажи|в наличии|нет в наличии
si|LKR|භාණ්ඩ කේතය|භාණ්ඩයේ නම|සැපයුම්කරු|ගැනුම් මිල|විකුණුම් මිල|තොගය|තත්ත්වය|වර්ණය|සක්‍රිය|අක්‍රිය|තිබේ|අවසන්
sk|EUR|Kód tovaru|Názov tovaru|Dodávateľ|Nákupná cena|Predajná cena s DPH|Skladová zásoba|Viditeľnosť|Farba|viditeľný|skrytý|skladom|vypredané
sl|EUR|Šifra izdelka|Naziv izdelka|Dobavitelj|Nabavna cena|Prodajna cena z DDV|Zaloga|Status|Barva|aktiven|ukinjen|na zalogi|razprodano
sq|ALL|Kodi i artikullit|Emërtimi|Furnitori|Çmimi i blerjes|Çmimi i shitjes me TVSH|Gjendja|Statusi|Ngjyra|aktiv|joaktiv|në gjendje|mbaruar
sr|RSD|Шифра артикла|Назив артикла|Добављач|Набавна цена|Продајна цена са ПДВ|Стање залиха|Статус|Боја|активан|укинуто|на стању|распродато
sv|SEK|Artikelnr|Artikelbenämning|Leverantör|Inköpspris|Försäljningspris inkl moms|Disponibelt saldo|Synlig|Färg|Ja|Utgått|i lager|slutsåld
sw|TZS|Kodi ya bidhaa|Jina la bidhaa|Msambazaji|Bei ya kununua|Bei ya kuuza|Idadi|Hali|Rangi|inauzwa|haiuzwi|ipo|imeisha
ta|INR|பொருள் குறியீடு|பொருள் பெயர்|சப்ளையர்|கொள்முதல் விலை|விற்பனை விலை|இருப்பு|நிலை|நிறம்|செயலில்|செயலற்ற|கையிருப்பில் உள்ளது|தீர்ந்துவிட்டது
te|INR|ఉత్పత్తి కోడ్|ఉత్పత్తి పేరు|సరఫరాదారు|కొనుగోలు ధర|అమ్మకం ధర|నిల్వ|స్థితి|రంగు|చురుకుగా|నిష్క్రియ|ఉంది|అయిపోయింది
tg|TJS|Коди мол|Номи мол|Таъминкунанда|Нархи харид|Нархи фурӯш|Бақия|Ҳолат|Ранг|фаъол|ғайрифаъол|ҳаст|тамом шуд
th|THB|รหัสสินค้า|ชื่อสินค้า|ผู้จำหน่าย|ราคาทุน|ราคาขายปลีก|จำนวนคงเหลือ|สถานะสินค้า|สี|เปิดขาย|ปิดการขาย|มีสินค้า|สินค้าหมด
tl|PHP|Kodigo ng produkto|Pangalan ng produkto|Pakyawan|Presyo ng puhunan|Presyo ng benta|Natitira|Katayuan|Kulay|ibinebenta|itinigil|mayroon|ubos na
tr|TRY|STOK KODU|ÜRÜN ADI|TEDARİKÇİ|ALIŞ FİYATI|SATIŞ FİYATI (KDV DAHİL)|STOK MİKTARI|DURUM|RENK|Aktif|Satışa kapalı|stokta var|tükendi
uk|UAH|Артикул товару|Назва товару|Постачальник|Закупівельна ціна|Роздрібна ціна, грн|Залишок|Статус|Колір|у продажу|знято з продажу|є в наявності|немає в наявності
ur|PKR|آئٹم کوڈ|آئٹم کا نام|سپلائر|قیمت خرید|قیمت فروخت|مقدار|حالت|رنگ|فعال|غیر فعال|دستیاب|ختم
uz|UZS|Mahsulot kodi|Mahsulot nomi|Yetkazib beruvchi|Xarid narxi|Sotuv narxi|Qoldiq|Holati|Rangi|sotuvda|faol emas|bor|tugagan
vi|VND|Mã hàng|Tên hàng|Nhà cung cấp|Giá vốn|Giá bán lẻ|Tồn kho|Trạng thái|Màu sắc|Đang kinh doanh|Ngừng kinh doanh|còn hàng|hết hàng
zh|CNY|货号|商品名称|供应商|进货价|零售价|库存数量|上架状态|颜色|已上架|已下架|有货|售罄
zh-Hant|TWD|商品編號|商品名稱|供應商|進貨價|售價（含稅）|庫存數量|上架狀態|顏色|上架|停止販售|現貨|完售
zu|ZAR|Ikhodi yomkhiqizo|Igama lomkhiqizo|Yokuthenga|Intengo yokuthenga|Intengo yokuthengisa|Isitoko|Isimo|Umbala|iyathengiswa|ayithengiswa|ikhona|iphelile
"""
LANGUAGES = [Language(*line.split("|")) for line in _TABLE.strip().splitlines()]

PURCHASE_SIDE = """
af|Groothandelprys|Inkoopprys|Aankoopprys|Naam van verskaffer|Winsgrens
am|የጅምላ ዋጋ|የግዥ ዋጋ|የግዢ ዋጋ|የአቅራቢ ስም|ትርፍ
ar|سعر الشراء|سعر الجملة|تكلفة المنتج|اسم المورد|هامش الربح
az|Topdan qiymət|Maya dəyəri|Alış qiyməti|Təchizatçı adı|Marja
be|Аптовая цана|Сабекошт|Цана закупачная|Імя пастаўшчыка|Аптовая
bg|Цена на едро|Покупна цена|Себестойност|Надценка|Доставчик
bn|পাইকারি মূল্য|কেনা দাম|ক্রয় মূল্য|সরবরাহকারীর নাম|পাইকারি
ca|Preu majorista|Preu de cost|Preu de compra|Nom del proveïdor|Marge
cs|Velkoobchodní cena|Pořizovací cena|Marže|Název dodavatele|VOC
cy|Pris cyfanwerthu|Pris prynu|Pris cyflenwr|Enw’r cyflenwr|Prynu
da|Kostpris|Engrospris|Forhandlerpris|Leverandørens navn|Dækningsgrad
de|LEK|Bezugspreis|Händler-EK|Lieferantenname|Handelsspanne
el|Τιμή χονδρικής|Κόστος|Τιμή κτήσης|Όνομα προμηθευτή|Περιθώριο κέρδους
en|Landed cost|Trade price|Last cost|Preferred vendor|Gross margin
es|Precio de compra|Costo promedio|Precio distribuidor|Nombre del proveedor|Utilidad
et|Omahind|Hulgihind|Sisseostuhind|Tarnija nimi|Juurdehindlus
eu|Kostu prezioa|Handizkako erosketa prezioa|Erosketa prezioa|Hornitzailearen izena|Marjina
fa|قیمت همکار|قیمت عمده|قیمت تمام شده|نام تامین کننده|حاشیه سود
fi|Tukkuhinta|Hankintahinta|Sisäänostohinta|Toimittajan nimi|Kateprosentti
fr|PAMP|Prix de revient|Tarif grossiste|Nom du fournisseur|Marge brute
ga|Praghas mórdhíol|Costas|Praghas costas|Ainm an soláthraí|Costas
gl|Prezo maiorista|Prezo de compra|Custo|Nome do provedor|Marxe
gu|જથ્થાબંધ ભાવ|ખરીદી કિંમત|ખરીદ કિંમત|સપ્લાયરનું નામ|નફો
he|מחיר סיטונאי|עלות|מחיר רכישה|שם ספק|רווח גולמי
hi|थोक मूल्य|लागत|क्रय मूल्य|आपूर्तिकर्ता का नाम|लागत
hr|Veleprodajna cijena|VPC|Fakturna cijena|Naziv dobavljača|Marža
hu|Nagyker ár|Bekerülési ár|Viszonteladói ár|Beszállító neve|Árrés
hy|Ինքնարժեք|Մեծածախ գին|Մատակարարի գին|Մատակարարի անուն|Մարժա
id|Harga Modal|HPP|Harga Grosir|Nama Pemasok|Laba Kotor
is|Heildsöluverð|Kostnaðarverð|Innkaupsverð|Nafn birgja|Álagning
it|Ultimo costo|Costo medio|Prezzo rivenditore|Nome fornitore|Ricarico
ja|原価|卸価格|下代|仕入先名|粗利率
ka|საბითუმო ფასი|თვითღირებულება|შესყიდვის ფასი|მომწოდებლის სახელი|თვითღირებულება
kk|Көтерме баға|Сатып алу бағасы|Көтерме бағасы|Жеткізуші атауы|Пайда
km|តម្លៃដើម|តម្លៃបោះដុំ|តម្លៃទិញ|អ្នកផ្គត់ផ្គង់|តម្លៃដើម
kn|ಸಗಟು ಬೆಲೆ|ಖರೀದಿ ದರ|ಖರೀದಿ ಬೆಲೆ|ಪೂರೈಕೆದಾರ ಹೆಸರು|ಲಾಭ
ko|매입가|도매가|원가|공급업체명|마진율
ky|Дүң баасы|Өздүк нарк баасы|Сатып алуу баасы|Сатып алуу аты|Дүң
lb|Akafspräis|Präis Akaf|Akafs Präis|Numm Fournisseur|Akaf
lo|ລາຄາຕົ້ນທຶນ|ລາຄາຊື້|ລາຄາສົ່ງ|ຊື່ຜູ້ສະໜອງ|ກຳໄລ
lt|Savikaina|Didmeninė kaina|Įsigijimo kaina|Tiekėjo pavadinimas|Antkainis
lv|Pašizmaksa|Vairumtirdzniecības cena|Iegādes cena|Piegādātāja nosaukums|Uzcenojums
mk|Големопродажна цена|Велепродажна цена|Набавна цена|Име на добавувач|Маржа
ml|മൊത്ത വില|വാങ്ങിയ വില|ചെലവ് വില|വിതരണക്കാരന്റെ പേര്|ലാഭം
mn|Өртөг|Авсан үнэ|Өртөг үнэ|Нийлүүлэгчийн нэр|Ашиг
mr|घाऊक किंमत|खरेदी भाव|खरेदी दर|पुरवठादार नाव|नफा
ms|Harga kos|Harga belian|Kos|Nama pembekal|Untung
mt|Prezz tal-fornitur|Prezz ingrossa|Prezz xiri|Isem il-fornitur|Kost
my|လက်ကားဈေး|ဝယ်ယူဈေး|ဝယ်ဈေးနှုန်း|လက်ကားအမည်|ဝယ်ဈေး
nb|Kostpris|Engrospris|Selvkost|Leverandørnavn|Dekningsgrad
ne|थोक मूल्य|खरिद मूल्य|लागत मूल्य|आपूर्तिकर्ता नाम|नाफा
nl|Kostprijs|Groothandelsprijs|VVP|Naam leverancier|Brutomarge
pa|ਥੋਕ ਕੀਮਤ|ਖਰੀਦ ਮੁੱਲ|ਲਾਗਤ ਮੁੱਲ|ਸਪਲਾਇਰ ਨਾਮ|ਲਾਗਤ
pl|Cena zakupu|Cena ewidencyjna|Koszt zakupu|Nazwa dostawcy|Marża
pt|Preço de compra|Preço atacado|Custo médio|Nome do fornecedor|Margem
ro|Preț furnizor|Preț en-gros|Cost achiziție|Nume furnizor|Adaos comercial
ru|Оптовая цена|Себестоимость|Цена закупки|Наименование поставщика|Наценка
si|පිරිවැය|තොග මිල|පිරිවැය මිල|සැපයුම්කරු නම|ලාභය
sk|Veľkoobchodná cena|Obstarávacia cena|Nákup|Názov dodávateľa|Marža
sl|Veleprodajna cena|Nakupna cena|VPC|Naziv dobavitelja|Marža
sq|Çmimi me shumicë|Çmimi i kostos|Çmimi i blerjes|Emri i furnitorit|Kosto
sr|Велепродајна цена|ВПЦ|Фактурна цена|Назив добављача|Маржа
sv|Självkostnad|Kalkylpris|Grossistpris|Leverantörens namn|Täckningsgrad
sw|Bei ya jumla|Bei ya manunuzi|Bei ya kununulia|Jina la msambazaji|Manunuzi
ta|மொத்த விலை|அடக்க விலை|வாங்கிய விலை|சப்ளையர் பெயர்|லாபம்
te|టోకు ధర|కొనుగోలు ధర|ఖర్చు ధర|సరఫరాదారు పేరు|లాభం
tg|Нархи яклухт|Нархи аслӣ|Харид нарх|Номи таъминкунанда|Фоида
th|ต้นทุน|ราคาขายส่ง|ราคาซื้อ|ชื่อผู้ขาย|กำไร
tl|Presyong pakyawan|Puhunan|Presyo ng pakyawan|Puhunan ng pangalan|Tubo
tr|Maliyet|Toptan Fiyatı|Bayi Fiyatı|Tedarikçi Adı|Kâr Marjı
uk|Оптова ціна|Собівартість|Ціна закупівлі|Назва постачальника|Націнка
ur|تھوک قیمت|لاگت|خریداری قیمت|سپلائر کا نام|منافع
uz|Tannarxi|Ulgurji narx|Kirim narxi|Yetkazib beruvchi nomi|Foyda
vi|Giá nhập|Giá sỉ|Giá đại lý|Tên nhà cung cấp|Lợi nhuận
zh|采购价|批发价|成本价|供应商名称|毛利率
zh-Hant|成本|批發價|採購價|供應商名稱|毛利
zu|Intengo ukuthenga|Ukuthenga intengo|Intengo yokuthenga|Igama lokuthenga|Ukuthenga
"""
"""Column names that must stay private: in each language three purchase prices, the supplier and the margin."""
