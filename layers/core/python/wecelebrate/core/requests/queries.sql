-- name: get_person_clients$
-- Get the clients whose personal data the caller may see as a member.
select app.person_client_ids();
