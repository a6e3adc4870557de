-- The pieces that earlier orders have taken from the stock (0069). Whether an order has taken its pieces was not
-- recorded until now, but an imported order and an order of the old applications have taken none. The statement is not
-- in 0069, because the lock of a changed table must not last as long as the update of all rows.

set local role app_migrate;

update order_lines l set taken_quantity = l.quantity
from products p
where p.id = l.product_id and p.inventory_policy = 'tracked' and l.taken_quantity = 0
  and not exists (
    select from order_events e where e.client_id = l.client_id and e.order_id = l.order_id and e.type = 'imported')
  and not exists (select from kv.ids i where i.entity = 'order' and i.id = l.order_id);
