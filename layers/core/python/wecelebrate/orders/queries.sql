-- name: fold_deltas$
-- Folds at most so many deltas, the oldest first: how many; fewer than `most` are the last.
select app.fold_order_deltas(:most);
