-- name: user_columns
id, subject, name, role, suspended_until, banned, claims_at, premoderated, revoked_before

-- name: users_by_ids
SELECT /*user_columns*/ FROM users WHERE id IN ids($1) AND subject >= ' '

-- name: user_by_subject
SELECT /*user_columns*/ FROM users WHERE subject = $1

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

-- name: user_reacted
SELECT comment_id FROM reactions WHERE user_id = $1

-- name: user_flagged
SELECT comment_id FROM flags WHERE user_id = $1

-- name: user_comments
SELECT id FROM comments WHERE user_id = $1 ORDER BY id

-- name: user_unflag
DELETE FROM flags WHERE user_id = $1

-- name: user_unsay_reasons
UPDATE comment_history SET reason = NULL
WHERE user_id = $1 OR comment_id IN (SELECT id FROM comments WHERE user_id = $1)

-- name: user_unsign_history
UPDATE comment_history SET user_id = NULL WHERE user_id = $1

-- name: user_drop_receipts
DELETE FROM receipts WHERE user_id = $1

-- name: user_drop_prints
DELETE FROM comment_prints WHERE user_id = $1

-- Its subject begins with a blank, which no token's does.
-- name: user_anonymous
INSERT INTO users (subject, name, role, claims_at) VALUES (' anonymous', 'Anonymous', 'READER', 0)
ON CONFLICT (subject) DO NOTHING

-- name: user_hand_over
UPDATE comments SET user_id = (SELECT id FROM users WHERE subject = ' anonymous') WHERE user_id = $1

-- The number stays taken, so that nobody who comes later is mistaken for them.
-- name: user_empty
UPDATE users SET subject = char(10) || id, name = '', role = 'READER', suspended_until = NULL, banned = 0, claims_at = 0,
    premoderated = 0, revoked_before = NULL
WHERE id = $1

-- name: export_comments
SELECT id, article_id, parent_id, body, status, created_at, edited_at FROM comments WHERE user_id = $1 ORDER BY id

-- name: export_reactions
SELECT comment_id, kind FROM reactions WHERE user_id = $1

-- name: export_flags
SELECT comment_id, reason, note, at FROM flags WHERE user_id = $1

-- name: export_receipts
SELECT mutation, key, result, at FROM receipts WHERE user_id = $1

-- name: export_history
SELECT comment_id, user_id, rule, before, after, reason, at FROM comment_history
WHERE user_id = $1 OR comment_id IN (SELECT id FROM comments WHERE user_id = $1)
ORDER BY id
