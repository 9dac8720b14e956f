-- name: receipt_find
SELECT result FROM receipts WHERE user_id = $1 AND mutation = $2 AND key = $3

-- name: receipt_keep
INSERT INTO receipts (user_id, mutation, key, result, at) VALUES ($1, $2, $3, $4, $5)

-- name: receipts_prune
DELETE FROM receipts WHERE at < $1
