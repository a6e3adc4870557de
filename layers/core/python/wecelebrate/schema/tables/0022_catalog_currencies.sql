-- A catalog whose products have prices in one currency gets this currency. A catalog with prices in several currencies
-- keeps null, and stays as it is until its owner chooses a currency.
set local role app_migrate;
update catalogs c set currency = p.currency
from (select catalog_id, min(currency) as currency from products group by 1 having min(currency) = max(currency)) p
where p.catalog_id = c.id;
