-- The pieces of a shared stock that the guests of a client have ordered.

set local role app_owner;

create index order_quantities_by_product on order_quantities (product_id, created_at);
