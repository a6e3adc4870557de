-- Until when the troubles of the mirror are counted in the metrics, so that each counts once although several sweepers
-- run at the same time (decision 0099).

set local role app_owner;

alter table kv.mirror add column reported_until timestamptz not null default clock_timestamp();
comment on column kv.mirror.reported_until is 'Until when troubles are counted in the metrics.';
