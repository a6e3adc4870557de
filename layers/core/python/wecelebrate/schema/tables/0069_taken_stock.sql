-- The pieces that an order has taken from the stock of a product. Pieces of another client's catalog only return to the
-- stock, or are sent again, if the order had taken them: an imported order, and an order of a product that had no
-- tracked stock, have taken none.

set local role app_owner;

alter table order_lines
  add column taken_quantity integer not null default 0,
  add constraint order_lines_taken_check check (taken_quantity between 0 and quantity);
comment on column order_lines.taken_quantity is 'The pieces that the order took from the stock when it was placed.';
