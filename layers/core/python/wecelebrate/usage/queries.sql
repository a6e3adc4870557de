-- name: get_quota^
-- Requests an hour of a client's tier, when the caller may see the client.
select t.requests_per_hour from clients c join tiers t on t.name = c.tier where c.id = :client_id;

-- name: list_client_ids
-- Whose accounts make up the platform's.
select id from clients;
