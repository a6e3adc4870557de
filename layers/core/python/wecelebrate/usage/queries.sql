-- name: get_quota^
-- Get the hourly request quota of a client that the caller may see.
select t.requests_per_hour from clients c join tiers t on t.name = c.tier where c.id = :client_id;

-- name: list_client_ids
-- List the ids of all clients. The usage of the platform includes the usage of all clients.
select id from clients;
