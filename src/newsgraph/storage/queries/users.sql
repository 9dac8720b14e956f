-- A row in one column.
-- name: user_columns
json_array(id, subject, name, role, suspended_until, banned, claims_at, premoderated, revoked_before)

-- name: users_by_ids
SELECT /*user_columns*/ FROM users WHERE id IN ids($1) AND subject >= ' '

-- name: user_by_subject
SELECT /*user_columns*/ FROM users WHERE subject = $1

-- Reads all of them, for a command. Subjects of services begin with a blank.
-- name: users_named
SELECT /*user_columns*/ FROM users WHERE subject > '!' AND instr(lower(name), lower($1)) > 0
ORDER BY name, id
LIMIT $2

-- name: user_recognise
INSERT INTO users (subject, name, role, claims_at) VALUES ($1, $2, $3, $4)
ON CONFLICT (subject) DO UPDATE SET name = excluded.name, role = excluded.role, claims_at = excluded.claims_at
WHERE excluded.claims_at >= users.claims_at

-- name: user_revoke
UPDATE users SET revoked_before = max(coalesce(revoked_before, 0), $2) WHERE id = $1
RETURNING /*user_columns*/

-- name: user_restrict
UPDATE users SET suspended_until = $2, banned = $3, premoderated = $4 WHERE id = $1
RETURNING /*user_columns*/

-- name: users_revoked_before
SELECT revoked_before FROM stream

-- name: users_revoke_all
UPDATE stream SET revoked_before = max(coalesce(revoked_before, 0), $1) RETURNING revoked_before
