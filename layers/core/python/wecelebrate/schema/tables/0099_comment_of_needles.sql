-- Names and addresses are in the column phrases. The numbers of orders are read from the orders.
set role app_owner;
comment on column erasures.needles is
  'The texts that identify the person in files and in free text (e-mail addresses, subjects, telephone and tracking
   numbers), until the erasure is complete.';
reset role;
