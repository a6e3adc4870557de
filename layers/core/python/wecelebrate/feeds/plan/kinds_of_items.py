"""Words for kinds of items in ERP systems, such as "stock item"."""

from wecelebrate.feeds.vocabulary.words import words

KINDS_OF_ITEMS = words(
    "inventory inventoryitem inventorypart noninventory noninventoryitem noninventorypart service services stock "
    "stockitem nonstock nonstockitem storable storableproduct consumable consu goods good product products item items "
    "article artikel ware waren dienstleistung leistung lagerartikel nichtlager produkt produit bien biens produits "
    "article articolo prodotto servizio producto servicio articulo produto servico simple variable variation "
    "configurable "
    "bundle bundled kit assembly assemblyitem lotnumberedinventoryitem serializedinventoryitem matrix standard "
    "physical "
    "digital virtual downloadable group grouped einfach stuckliste towar usluga zbozi sluzba vare tjeneste vara tjanst "
    "товар услуга 商品 服务 商品服务 상품 サービス"
)
"""Values of a column `Type` that say how an ERP system treats an item, and are not categories."""
