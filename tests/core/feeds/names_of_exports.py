"""Column names and cell words of exports in many languages, with their meanings."""

# ruff: noqa: E501, RUF001

_TABLE = """
en|sku|Catalogue No; Stk Code; Prod Code
en|description|Extended Description; Detailed Description
en|offer|Deal Price
en|purchase|Stockist Price
en|currency|Ccy
en|inventory_count|Avail Qty
en|reserved|On Sales Order
en|brand|Mfr
en|shown|Open for Sale
en|hidden|Closed for Sale; Ceased
en|active|Open for Sale
en|inactive|Closed for Sale; Ceased
en|total|Group Total; Report Total
de|description|Detailbeschreibung
de|selling|Endkundenpreis; Publikumspreis; VP inkl. MwSt
de|net|Preis o. MwSt.
de|list|UPE; Richtpreis
de|compare|Ursprungspreis; Vorheriger Preis; Vergleichspreis; früherer Preis
de|offer|Reduzierter Preis; Abverkaufspreis
de|purchase|Gestehungskosten; Gleitender Durchschnittspreis
de|currency|Währ.; Whg; Whrg
de|inventory_count|Akt. Bestand; Bestand Stk; verfügb. Bestand
de|reserved|Reservierungen; verplant; Res. Bestand
de|category|Hauptgruppe
de|brand|Produzent
de|active|Zum Verkauf freigegeben
de|inactive|Für Verkauf gesperrt; Verkaufsgesperrt; Ausser Sortiment
de|out of stock|Fehlt
de|images|Abbildung
de|total|Gesamtwert; Gruppensumme; Summe Warengruppe; Gesamtergebnis; Zwischentotal
fr|sku|No produit
fr|name|Désignation courte
fr|description|Description détaillée; Texte long; Libellé long
fr|selling|Prix TVA comprise
fr|list|PPC; PDSF
fr|compare|Prix avant réduction
fr|offer|Prix promotionnel
fr|purchase|Prix coûtant; Tarif pro; Prix pro HT; Prix de cession; Prix détaillant
fr|currency|Code devise
fr|reserved|Commandes clients; En commande client; Qté réserv.
fr|category|Catégorie de produit
fr|brand|Nom de la marque; Constructeur; Manufacturier
fr|shown|Ouvert à la vente
fr|hidden|Épuisé définitivement; Interdit à la vente; Fermé à la vente; Hors catalogue
fr|active|Ouvert à la vente
fr|inactive|Fermé à la vente; Plus suivi
fr|out of stock|Hors stock; Non dispo; Aucun
fr|total|Total famille; S/Total
nl|sku|Bestelnr.; Itemnummer
nl|name|Korte omschrijving
nl|description|Productbeschrijving; Uitgebreide omschrijving; Lange tekst; Artikelbeschrijving
nl|list|Richtprijs; Aanbevolen prijs
nl|compare|Vroegere prijs
nl|offer|Kortingsprijs
nl|purchase|IKP; Handelsprijs; Retailerprijs
nl|currency|Valutacode; Muntcode
nl|inventory_count|Voorraadniveau; Fysieke voorraad
nl|reserved|Verkooporders; Klantorders
nl|shown|Ingeschakeld; Vrij voor verkoop; Actief in webshop
nl|hidden|Geblokkeerd voor verkoop; Verkoop geblokkeerd; Uitlopend artikel; Niet verkopen; Uit de handel; Blokkeren; Niet actief; Uitgeschakeld; Niet meer leverbaar
nl|active|Open voor verkoop
nl|inactive|Gesloten voor verkoop
nl|images|Productafbeelding; Plaatje
nl|total|Totaal generaal; Totaal groep; Totalen; Algemeen totaal
es|sku|Nº artículo; Cve
es|description|Descripción detallada; Descripción ampliada; Texto largo; Descripción completa
es|net|Precio antes de IVA
es|compare|Precio sin descuento; Precio antes del descuento
es|purchase|Precio por mayor; Precio al por mayor; Precio profesional; Precio canal; Precio gremio
es|currency|Código moneda
es|inventory_count|Stock físico
es|reserved|Pedidos de clientes; Pendiente de servir
es|category|Tipo de producto
es|brand|Nombre de marca
es|shown|Vendible; Abierto para venta
es|hidden|Bloqueado para venta; Borrado; Cerrado para venta; No vendible; Venta bloqueada
es|active|Abierto para venta; De línea; En catálogo
es|inactive|Cerrado para venta; A extinguir
es|out of stock|Rotura de stock; Quiebre de stock; Sin existencia
es|images|Imagen principal
es|total|Totales; Total familia; Gran total
pt|sku|Nº artigo
pt|description|Descrição detalhada; Descrição completa; Texto longo; Descrição complementar; Descritivo
pt|selling|Valor de venda; Vlr. Venda; Vl. Unit.
pt|net|Preço líquido
pt|list|Preço Máximo ao Consumidor
pt|compare|Preço sem desconto
pt|offer|Preço campanha
pt|purchase|Preço armazenista
pt|currency|Código moeda
pt|inventory_count|Saldo atual; Qtd em stock
pt|reserved|Encomendas de clientes; Reservas; Empenhado
pt|category|Grupo de produto
pt|brand|Nome da marca
pt|shown|Mostrar no site; Aberto para venda; Liberado para venda
pt|hidden|Venda bloqueada; Fechado para venda; Apagado; Não vender; Fora de catálogo; Deletado
pt|active|Liberado; Aberto para venda; Em catálogo
pt|inactive|Fechado para venda; Desabilitado; Apagado
pt|in stock|Com stock
pt|out of stock|Rutura de stock
pt|images|Imagem principal
pt|total|Total geral; Totais; TOTAL GERAL; Total do grupo; Total família
it|sku|N. articolo
it|description|Descrizione estesa; Descrizione completa; Descrizione dettagliata; Testo lungo
it|net|Prezzo esente IVA
it|list|Prezzo raccomandato; Prezzo di copertina
it|compare|Prezzo pieno; Prezzo prima dello sconto; Prezzo iniziale; Prezzo non scontato
it|currency|Codice valuta
it|inventory_count|Scorta; Giacenza fisica; Qta disponibile
it|reserved|Impegnato clienti; Ordini clienti; Impegni
it|category|Cat. merceologica
it|brand|Casa produttrice
it|shown|Disponibile alla vendita; Aperto alla vendita
it|hidden|Bloccato per vendita; Vendita bloccata; Chiuso alla vendita; Non vendibile; Fuori listino; Ad esaurimento
it|active|In produzione; Aperto alla vendita; A listino; Corrente
it|inactive|Ad esaurimento; Chiuso alla vendita; Non più prodotto
it|in stock|Disponibile in magazzino
it|out of stock|Fuori stock; Non in magazzino; Non in stock; Nessuno
it|images|Immagine principale
it|total|Somma; Totali; Totale gruppo; Totale categoria; Totale complessivo
ca|sku|Codi producte; Codi d'article
ca|description|Descripció detallada; Descripció completa; Descripció ampliada
ca|list|Preu de llista
ca|compare|Preu ratllat; Preu sense descompte
ca|offer|Preu especial; Preu d'oferta
ca|purchase|Preu revenedor
ca|inventory_count|Estoc físic
ca|reserved|Estoc reservat; Quantitat reservada; Compromès
ca|shown|Habilitat; Obert per a la venda
ca|hidden|Eliminat; Arxivat; Desactivat; Suspès; De baixa; Baixa; Anul·lat; Tancat per a la venda; Fora de catàleg; Deshabilitat
ca|active|En venda; Habilitat; Vigent
ca|inactive|De baixa; Eliminat; Suspès; Fora de catàleg; Arxivat; Anul·lat
ca|out of stock|Sense existències; Exhaurit
ca|images|URL imatge; Imatge principal
ca|total|Total família
gl|description|Descrición longa; Descrición detallada; Descrición completa
gl|list|Prezo de catálogo
gl|compare|Prezo antes; Prezo orixinal; Prezo riscado; Prezo sen desconto
gl|offer|Prezo especial
gl|purchase|Maiorista
gl|reserved|Cantidade reservada
gl|shown|Aberto á venda
gl|hidden|Baixa; Pechado á venda; Borrado; Fóra de catálogo
gl|active|En venda
gl|out of stock|Sen stock; Sen existencias
gl|images|URL imaxe
gl|total|Total xeral; Totais
eu|sku|Artikulu kodea; Produktu kodea; Art. kodea
eu|name|Izendapena
eu|description|Deskribapen luzea; Deskribapen osoa; Azalpen luzea
eu|selling|Prezioa BEZarekin; Jendaurreko prezioa
eu|net|BEZik gabeko prezioa
eu|list|Katalogoko prezioa
eu|compare|Aurreko prezioa; Jatorrizko prezioa; Prezioa lehen
eu|offer|Promozio prezioa
eu|purchase|Banatzaile prezioa
eu|currency|Dibisa
eu|inventory_count|Kantitatea; Biltegian; Eskuragarri; Uneko stocka
eu|reserved|Erreserbatua; Erreserbatutako stocka; Erreserbak
eu|category|Taldea
eu|brand|Fabrikatzailea
eu|shown|Argitaratuta; Ikusgai; Aktiboa; Gaituta
eu|hidden|Desgaituta; Inaktibo; Blokeatuta; Ezabatuta; Zaharkituta; Ezkutatuta; Katalogotik kanpo; Artxibatuta; Etenda
eu|active|Argitaratuta; Aktiboa
eu|inactive|Inaktibo; Blokeatuta; Ezabatuta; Katalogotik kanpo; Ezkutatuta; Zaharkituta; Etenda; Desaktibatuta
eu|in stock|Stockean
eu|out of stock|Stockik gabe; Ez eskuragarri
eu|images|Argazkia
eu|total|Guztira; Denera; Batura; Azpitotala; Totala
af|sku|Artikelnommer; Itemnommer
af|name|Itembeskrywing
af|description|Lang beskrywing; Volledige beskrywing
af|list|Lysprys
af|compare|Oorspronklike prys
af|offer|Uitverkoopprys; Promosieprys
af|purchase|Handelaarsprys; Handelprys
af|inventory_count|Beskikbaar; In voorraad; Beskikbare voorraad
af|reserved|Gereserveer; Toegewys
af|category|Produkgroep; Afdeling
af|shown|Op webwerf; Beskikbaar vir verkoop
af|hidden|Geblokkeer; Verwyder; Verouderd; Gestop; Geargiveer; Opgeskort; Geskrap
af|inactive|Verwyder; Opgeskort; Verouderd; Geskrap
af|out of stock|Nie beskikbaar nie; Nie in voorraad nie
af|total|Groottotaal
lb|sku|Referenz
lb|description|Laang Beschreiwung; Detailléiert Beschreiwung
lb|selling|Präis abegraff TVA; Eenheetspräis
lb|list|Recommandéierte Präis; Kataloguespräis; Lëschtepräis
lb|compare|Ale Präis; Fréiere Präis
lb|offer|Aktiounspräis; Spezialpräis
lb|purchase|Käschten; Kaschtepräis; Grousshandelspräis; Revendeurpräis
lb|inventory_count|Quantitéit
lb|category|Grupp; Famill
lb|brand|Hiersteller
lb|shown|Am Verkaf; Publizéiert
lb|hidden|Gespaart; Geläscht; Ausgelaf
lb|active|Disponibel; Am Verkaf
lb|inactive|Gespaart; Geläscht; Ausgelaf; Verstoppt; Net méi am Verkaf
lb|in stock|Disponibel
lb|out of stock|Net disponibel; Net op Lager
lb|total|Zomm
mt|sku|Numru tal-oġġett; Kodiċi tal-oġġett; Referenza
mt|description|Deskrizzjoni sħiħa; Deskrizzjoni twila
mt|selling|Prezz bit-taxxa
mt|net|Prezz nett
mt|list|Prezz tal-lista
mt|compare|Prezz oriġinali; Prezz preċedenti
mt|offer|Prezz speċjali; Prezz tal-offerta
mt|purchase|Prezz bl-ingrossa; Prezz tal-ingrossa
mt|inventory_count|Ħażna; Fl-istokk
mt|reserved|Riżervat; Kwantità riżervata
mt|category|Grupp
mt|brand|Manifattur
mt|shown|Viżibbli; Ippubblikat
mt|hidden|Inattiv; Imwaqqaf; Imblukkat; Imħassar; Arkivjat
mt|active|Għall-bejgħ
mt|inactive|Imwaqqaf; Imblukkat; Imħassar; Moħbi
mt|in stock|Fl-istokk
mt|out of stock|Bla stokk; Mhux fl-istokk
mt|total|Somma; It-total
ga|sku|Uimhir táirge; Tagairt
ga|description|Cur síos fada; Cur síos iomlán
ga|selling|Praghas aonaid
ga|net|Glanphraghas
ga|list|Praghas liosta
ga|compare|Sean-phraghas; Praghas roimhe seo; Praghas bunaidh
ga|offer|Praghas speisialta
ga|purchase|Praghas costais; Praghas trádála
ga|inventory_count|I stoc
ga|reserved|Curtha in áirithe; Stoc in áirithe
ga|brand|Déantóir
ga|shown|Gníomhach; Infheicthe; Foilsithe
ga|hidden|Neamhghníomhach; Scortha; Blocáilte; Scriosta; Cartlannaithe
ga|active|Gníomhach; Foilsithe
ga|inactive|Neamhghníomhach; Scortha; Blocáilte; Scriosta
ga|out of stock|Níl ar fáil; Gan stoc
ga|images|Grianghraf
ga|total|Iomlán; Fo-iomlán; Móriomlán
cy|sku|Cyfeirnod; Rhif cynnyrch
cy|description|Disgrifiad llawn; Disgrifiad hir
cy|selling|Pris uned
cy|net|Pris heb gynnwys TAW
cy|list|Pris a argymhellir; Pris rhestr; Pris manwerthu a argymhellir
cy|compare|Hen bris; Pris blaenorol; Pris gwreiddiol
cy|offer|Pris arbennig
cy|purchase|Pris masnach
cy|inventory_count|Mewn stoc
cy|reserved|Wedi'i gadw; Stoc wedi'i gadw
cy|category|Grŵp
cy|brand|Gwneuthurwr
cy|shown|Gweithredol; Gweladwy; Cyhoeddwyd
cy|hidden|Anweithredol; Wedi'i rwystro; Wedi'i ddileu; Archifwyd
cy|active|Gweithredol; Ar gael
cy|inactive|Anweithredol; Wedi'i rwystro; Wedi'i ddileu; Ddim ar werth
cy|in stock|Ar gael
cy|out of stock|Ddim ar gael; Dim stoc; Wedi gwerthu allan
cy|total|Cyfanswm; Is-gyfanswm; Cyfanswm terfynol
ar|description|الوصف الكامل; وصف مفصل; تفاصيل المنتج
ar|selling|السعر النهائي; سعر الجمهور
ar|net|السعر الصافي
ar|list|سعر الكتالوج; السعر الموصى به
ar|offer|سعر العروض
ar|currency|رمز العملة
ar|inventory_count|المتوفر; الكمية في المخزن
ar|category|مجموعة الأصناف
ar|shown|مفتوح للبيع
ar|hidden|محظور; مؤرشف; ملغي; موقف البيع; مغلق للبيع; متوقف عن الإنتاج; إيقاف
ar|active|جاري; ساري
ar|inactive|محظور; متوقف عن الإنتاج; غير متاح للبيع
ar|out of stock|نفد المخزون; نافذ
ar|total|الإجمالي الكلي; المجموع الكلي; المجموع الفرعي; إجمالي; اجمالي المجموعة; مجموع
fa|description|شرح کامل; توضیحات کامل
fa|net|قیمت خالص
fa|list|قیمت کاتالوگ
fa|compare|قیمت قبل از تخفیف; قیمت بدون تخفیف
fa|inventory_count|تعداد موجود
fa|reserved|رزرو شده; تعداد رزرو; موجودی رزرو شده
fa|shown|قابل نمایش
fa|hidden|مسدود; بایگانی شده; عدم نمایش
fa|inactive|مسدود; بایگانی شده
fa|in stock|موجود است
fa|out of stock|اتمام
fa|total|جمع کل; مجموع; جمع گروه
he|sku|מס' פריט
he|name|תאור מוצר
he|description|תיאור מורחב; תיאור מלא
he|purchase|מחיר סוחר; מחיר לסוחר
he|currency|קוד מטבע
he|inventory_count|זמין
he|reserved|כמות שמורה; מוזמן ע"י לקוחות
he|shown|למכירה
he|hidden|נמחק; חסום למכירה; בארכיון; סגור למכירה
he|active|פתוח למכירה
he|inactive|סגור למכירה
he|images|כתובת תמונה
he|total|סך הכל; סיכום; סיכום ביניים
ur|sku|پروڈکٹ نمبر
ur|name|مصنوعات کا نام
ur|description|مکمل تفصیل; تفصیلات
ur|selling|قیمت بمعہ ٹیکس
ur|net|ٹیکس کے بغیر قیمت
ur|list|فہرست قیمت
ur|compare|سابقہ قیمت; اصل قیمت; پہلے کی قیمت
ur|offer|خصوصی قیمت
ur|purchase|ڈیلر قیمت
ur|inventory_count|دستیاب مقدار; موجودہ اسٹاک; دستیاب
ur|reserved|ریزرو
ur|category|کیٹیگری; گروپ
ur|brand|کمپنی; مینوفیکچرر
ur|shown|برائے فروخت
ur|hidden|حذف شدہ; بلاک
ur|active|جاری
ur|inactive|حذف شدہ; منسوخ
ur|in stock|اسٹاک میں
ur|out of stock|اسٹاک ختم; موجود نہیں
ur|images|تصویر کا لنک
ur|total|کل میزان; میزان; مجموعہ
hi|sku|आइटम नंबर; एसकेयू
hi|description|विस्तृत विवरण; पूरा विवरण
hi|net|शुद्ध मूल्य; मूल्य जीएसटी के बिना
hi|list|एमआरपी; सूची मूल्य
hi|compare|पिछला मूल्य; मूल कीमत; पहले की कीमत; छूट से पहले का मूल्य
hi|purchase|डीलर मूल्य; वितरक मूल्य
hi|inventory_count|उपलब्ध स्टॉक; वर्तमान स्टॉक; मौजूदा स्टॉक
hi|reserved|आरक्षित मात्रा
hi|category|समूह; कैटेगरी
hi|brand|कंपनी
hi|hidden|अवरुद्ध; हटाया गया; छिपा हुआ; ब्लॉक; बंद किया गया
hi|active|बिक्री के लिए
hi|inactive|अवरुद्ध; हटाया गया; छिपा हुआ; रद्द; निलंबित
hi|in stock|मौजूद
hi|out of stock|उपलब्ध नहीं; खत्म
hi|images|छवि
hi|total|कुल; कुल योग; योग; उप योग
bn|sku|আইটেম নম্বর; পণ্য নম্বর
bn|description|বিস্তারিত বিবরণ; পূর্ণ বিবরণ
bn|selling|দর
bn|net|ভ্যাট ব্যতীত মূল্য; নিট মূল্য
bn|list|এমআরপি; সর্বোচ্চ খুচরা মূল্য; তালিকা মূল্য
bn|compare|পুরাতন মূল্য; পূর্বের মূল্য; আসল মূল্য
bn|purchase|ডিলার মূল্য
bn|inventory_count|বর্তমান স্টক; উপলব্ধ পরিমাণ; স্টক পরিমাণ
bn|reserved|সংরক্ষিত পরিমাণ
bn|category|গ্রুপ
bn|brand|প্রস্তুতকারক; কোম্পানি
bn|hidden|ব্লক; মুছে ফেলা; লুকানো; বাতিল
bn|active|উপলব্ধ
bn|inactive|বাতিল; স্থগিত; লুকানো
bn|in stock|উপলব্ধ
bn|out of stock|স্টক শেষ
bn|images|ছবির লিংক
bn|total|মোট; সর্বমোট; উপমোট
ta|description|விரிவான விவரம்
ta|selling|அலகு விலை
ta|net|வரி இல்லாத விலை; நிகர விலை
ta|list|பட்டியல் விலை
ta|compare|முந்தைய விலை; அசல் விலை
ta|offer|சிறப்பு விலை
ta|purchase|விநியோகஸ்தர் விலை
ta|inventory_count|தற்போதைய இருப்பு
ta|reserved|ஒதுக்கப்பட்டது
ta|category|குழு
ta|brand|உற்பத்தியாளர்
ta|shown|விற்பனைக்கு
ta|hidden|செயலற்றது; நிறுத்தப்பட்டது; தடுக்கப்பட்டது; நீக்கப்பட்டது; மறைக்கப்பட்டது
ta|active|கிடைக்கிறது
ta|inactive|செயலற்றது; தடுக்கப்பட்டது; நீக்கப்பட்டது
ta|in stock|இருப்பில் உள்ளது
ta|out of stock|இருப்பில் இல்லை; தீர்ந்தது
ta|total|மொத்தம்; கூட்டுத்தொகை
th|sku|รหัสสต็อก
th|selling|ราคาสุทธิ
th|list|ราคาแคตตาล็อก
th|compare|ราคาเต็ม; ราคาก่อนหน้า; ราคาก่อนส่วนลด
th|offer|ราคาหลังลด
th|purchase|ราคาดีลเลอร์
th|currency|สกุล
th|inventory_count|จำนวนในสต็อก; ยอดคงคลัง
th|shown|ใช้งาน; วางขาย
th|hidden|ยกเลิก; ไม่ใช้งาน; ลบ; ระงับ; ระงับการขาย; ปิดขาย; หยุดขาย; บล็อก
th|active|ปกติ; วางขาย; จำหน่าย
th|inactive|ปิดขาย; ระงับการขาย; ยกเลิกการขาย; หยุดจำหน่าย
th|images|ลิงก์รูป
th|total|ยอดรวม; รวมทั้งหมด; รวมทั้งสิ้น; รวมเป็นเงิน; รวมย่อย; รวมกลุ่ม
vi|compare|Giá ban đầu; Giá trước khuyến mãi
vi|purchase|Giá thành
vi|currency|ĐVTT
vi|inventory_count|Khả dụng; Tồn thực tế
vi|reserved|Khách đặt; Hàng giữ; Đang giữ; KH đặt
vi|category|Nhóm
vi|shown|Hoạt động; Được bán trực tiếp; Cho phép bán
vi|hidden|Ngừng hoạt động; Đã khóa; Ngừng sản xuất
vi|active|Cho phép kinh doanh; Còn bán
vi|out of stock|Không có hàng; Không còn
vi|total|Cộng; Tổng số; Cộng nhóm; Tổng tiền
id|sku|Kd. Barang
id|description|Deskripsi Lengkap
id|selling|Hrg Jual; Harga Konsumen
id|compare|Harga Awal; Harga Semula
id|purchase|Hrg Beli
id|inventory_count|Stok Saat Ini; Jml; Stok Fisik; Sisa
id|reserved|Stok Dipesan; Reservasi; Booking
id|category|Jenis; Departemen
id|shown|Dipublikasikan; Bisa Dijual
id|hidden|Diblokir; Tersembunyi; Stop Jual; Blokir
id|active|Dipublikasikan
id|inactive|Tersembunyi; Stop Produksi; Tidak Dijual Lagi; Batal
id|images|Link Gambar
id|total|Jumlah Total; Total Kelompok; Total Keseluruhan
ms|sku|No. Stok
ms|description|Penerangan Penuh; Penerangan Produk
ms|net|Harga Sebelum Cukai
ms|list|Harga Senarai
ms|compare|Harga Terdahulu
ms|offer|Harga Promosi; Harga Istimewa
ms|purchase|Harga Pengedar; Harga Ejen; Harga Pemborong
ms|inventory_count|Bilangan stok; Kuantiti Stok
ms|reserved|Ditempah; Stok Ditempah; Dirizab; Rizab
ms|category|Jenis
ms|brand|Pengeluar; Pengilang
ms|shown|Untuk Dijual
ms|hidden|Disekat; Dipadam; Tersembunyi; Diarkibkan; Digantung
ms|inactive|Disekat; Dipadam; Tersembunyi; Digantung; Dibatalkan
ms|out of stock|Habis Stok; Tiada
ms|images|Imej
ms|total|Jumlah Besar; Jumlah Keseluruhan; Subjumlah
tl|sku|Numero ng item
tl|description|Buong paglalarawan; Detalye
tl|net|Presyo hindi kasama ang VAT
tl|list|Iminungkahing presyo
tl|compare|Orihinal na presyo
tl|offer|Presyong promo; Espesyal na presyo; Presyong sale
tl|purchase|Presyo ng bili
tl|inventory_count|Imbentaryo
tl|reserved|Nakareserba
tl|shown|Nakikita
tl|hidden|Itinigil; Tinanggal; Naka-block
tl|inactive|Tinanggal; Nakatago; Hindi na ibinebenta
tl|in stock|May stock
tl|out of stock|Walang stock
tl|total|Kabuuan
zh|sku|物料号
zh|list|厂商指导价
zh|compare|折前价; 优惠前价格
zh|purchase|移动平均价; 经销商价
zh|inventory_count|当前库存; 可销售库存
zh|reserved|已预订; 冻结库存; 待发货数量
zh|shown|可售; 是否可售
zh|hidden|禁止销售; 禁售; 淘汰; 作废
zh|active|正常销售
zh|inactive|冻结; 禁售; 已淘汰; 暂停销售; 失效; 封存
zh|total|总合计; 累计; 本页合计; 总数
zh-Hant|sku|品項編號
zh-Hant|description|產品說明; 詳細說明; 商品特色
zh-Hant|compare|折扣前價格
zh-Hant|offer|會場價
zh-Hant|purchase|經銷商價; 同業價; 中盤價
zh-Hant|inventory_count|現貨數量; 實際庫存; 可售庫存; 結存; 現有庫存量
zh-Hant|reserved|已預訂; 訂單佔用
zh-Hant|category|產品類別; 大類
zh-Hant|shown|販售中; 可銷售
zh-Hant|hidden|停止販售; 凍結; 絕版; 不販售
zh-Hant|inactive|凍結; 絕版; 暫停販售; 失效
zh-Hant|total|總計; 總額; 總數
ja|sku|品目番号; 品番コード
ja|name|表示名
ja|description|詳細説明
ja|compare|元値
ja|offer|特売価格
ja|purchase|移動平均単価
ja|inventory_count|在庫残; 販売可能在庫数; 現在在庫数; 論理在庫
ja|reserved|予約数; 受注残
ja|hidden|使用停止; 販売不可; 停止フラグ; 出荷停止; 中止
ja|active|継続; 現行; 定番
ja|inactive|販売休止; 終息; 出荷停止; 停止中
ja|in stock|◯
ja|out of stock|売切
ja|total|計; 総合計; 合計金額; カテゴリ計; 部門計
ko|name|아이템명
ko|description|제품설명
ko|selling|판가; 실판매가
ko|net|세전가격
ko|compare|원래가격; 종전가격
ko|purchase|유통가
ko|inventory_count|현재고수량; 잔여수량; 재고합계
ko|reserved|할당수량; 출고예정; 출고대기
ko|category|품목군
ko|brand|메이커
ko|hidden|중지; 판매중단; 판매금지; 삭제; 취급중단; 사용안함; 판매안함; 미진열
ko|active|운영
ko|inactive|취급중단; 보류; 단종품
ko|in stock|유
ko|out of stock|무; 소진; 재고소진
ko|total|총합계; 계; 누계; 총합; 분류소계
sw|description|Maelezo kamili
sw|net|Bei kabla ya kodi
sw|list|Bei ya orodha
sw|compare|Bei ya awali; Bei ya kabla
sw|offer|Bei maalum
sw|purchase|Gharama; Bei ya ununuzi; Bei ya wakala
sw|inventory_count|Stoki; Iliyobaki
sw|reserved|Imehifadhiwa; Zilizohifadhiwa
sw|brand|Mtengenezaji
sw|shown|Hai; Inatumika
sw|hidden|Imesitishwa; Imefutwa
sw|active|Inapatikana; Inatumika
sw|inactive|Imesitishwa; Imefutwa; Haitumiki
sw|in stock|Inapatikana
sw|out of stock|Haipatikani
sw|total|Jumla; Jumla kuu
am|sku|የዕቃ ቁጥር
am|description|ዝርዝር መግለጫ
am|selling|የአንድ ዋጋ
am|net|ዋጋ ያለ ቫት; ከቫት በፊት ዋጋ
am|list|የተጠቆመ ዋጋ; የዝርዝር ዋጋ
am|compare|የመጀመሪያ ዋጋ
am|offer|ልዩ ዋጋ
am|purchase|ወጪ; የመግዣ ዋጋ; የአከፋፋይ ዋጋ
am|inventory_count|ያለ ክምችት
am|brand|አምራች
am|hidden|የተቋረጠ; የታገደ; የተሰረዘ; የተደበቀ
am|inactive|የታገደ; የተሰረዘ; ንቁ ያልሆነ
am|total|ድምር; ጠቅላላ; ጠቅላላ ድምር
"""
NAMES = [
    (language, meaning, tuple(names.split("; ")))
    for language, meaning, names in (line.split("|") for line in _TABLE.strip().splitlines())
]
"""Tuples of a language, a meaning, and the names with this meaning in this language."""
