-- name: key_columns
k.id, k.start, k.user_id, u.name, u.role, k.created_at, k.expires_at, k.used_at, k.revoked_at

-- name: key_by_hash
SELECT /*key_columns*/ FROM api_keys AS k JOIN users AS u ON u.id = k.user_id WHERE k.hash = $1

-- name: keys_all
SELECT /*key_columns*/ FROM api_keys AS k JOIN users AS u ON u.id = k.user_id ORDER BY k.id

-- name: key_insert
INSERT INTO api_keys (hash, start, user_id, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)

-- name: key_used
UPDATE api_keys SET used_at = $2 WHERE id = $1

-- name: key_revoke
UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL
