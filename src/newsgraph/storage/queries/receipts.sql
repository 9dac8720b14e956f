-- name: receipt_find
SELECT result FROM receipts WHERE user_id = $1 AND mutation = $2 AND key = $3

-- Of nobody who has been erased meanwhile.
-- name: receipt_keep
INSERT INTO receipts (user_id, mutation, key, result, at)
SELECT id, $2, $3, $4, $5 FROM users WHERE id = $1 AND subject >= ' '

-- name: receipts_prune
DELETE FROM receipts WHERE at < $1
