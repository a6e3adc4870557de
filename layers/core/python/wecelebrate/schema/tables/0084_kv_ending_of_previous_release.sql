-- The code asks for the status `ending` itself, so that the previous release can still end an undo (decision 0126).

set local role app_mirror;

drop function if exists kv.status_after_restoring(kv.retirements);
