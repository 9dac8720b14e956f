-- name: erasure_begin
INSERT INTO erasures (user_id, subject, mode, at) VALUES ($1, $2, $3, $4)

-- The number stays taken, so that nobody who comes later is mistaken for them.
-- name: erasure_empty
UPDATE users SET subject = char(10) || id, name = '', role = 'READER', suspended_until = NULL, banned = 0, claims_at = 0,
    premoderated = 0, revoked_before = NULL
WHERE id = $1

-- name: erasures_of_subject
SELECT user_id, mode FROM erasures WHERE subject = $1 ORDER BY user_id

-- name: erasures_idle
SELECT user_id, mode FROM erasures WHERE at < $1 ORDER BY user_id

-- name: erasure_note
UPDATE erasures SET at = $2 WHERE user_id = $1

-- name: erasure_finish
DELETE FROM erasures WHERE user_id = $1

-- name: erasure_reacted
SELECT comment_id FROM reactions WHERE user_id = $1 LIMIT $2

-- As newsgraph check counts them.
-- name: erasure_flagged
SELECT f.comment_id, f.at >= coalesce((
    SELECT max(h.at) FROM comment_history AS h
    WHERE h.comment_id = f.comment_id AND h.after = 'PUBLISHED' AND h.rule IS NULL
), 0)
FROM flags AS f WHERE f.user_id = $1 LIMIT $2

-- name: erasure_unflag
DELETE FROM flags WHERE user_id = $1 AND comment_id IN ids($2)

-- name: erasure_comments
SELECT id FROM comments WHERE user_id = $1 ORDER BY created_at LIMIT $2

-- Its subject begins with a blank, which no token's does.
-- name: erasure_anonymous
INSERT INTO users (subject, name, role, claims_at) VALUES (' anonymous', 'Anonymous', 'READER', 0)
ON CONFLICT (subject) DO NOTHING

-- name: erasure_unsay_reasons
UPDATE comment_history SET reason = NULL WHERE comment_id IN ids($1) AND reason IS NOT NULL

-- name: erasure_unsay_notes
UPDATE flags SET note = NULL WHERE comment_id IN ids($1) AND note IS NOT NULL

-- name: erasure_drop_prints
DELETE FROM comment_prints WHERE comment_id IN ids($1)

-- name: erasure_hand_over
UPDATE comments SET user_id = (SELECT id FROM users WHERE subject = ' anonymous') WHERE id IN ids($1)

-- name: erasure_unsign_history
UPDATE comment_history SET user_id = NULL, reason = NULL
WHERE id IN (SELECT id FROM comment_history WHERE user_id = $1 LIMIT $2)

-- name: erasure_drop_receipts
DELETE FROM receipts
WHERE user_id = $1 AND (mutation, key) IN (SELECT mutation, key FROM receipts WHERE user_id = $1 LIMIT $2)

-- name: erasure_drop_keys
DELETE FROM api_keys WHERE id IN (SELECT id FROM api_keys WHERE user_id = $1 LIMIT $2)

-- name: export_account
SELECT id, subject, name, role, suspended_until, banned, claims_at, premoderated, revoked_before FROM users WHERE id = $1

-- name: export_comments
SELECT id, article_id, parent_id, body, status, created_at, edited_at FROM comments WHERE user_id = $1 ORDER BY id

-- name: export_prints
SELECT comment_id, print, at FROM comment_prints
WHERE comment_id IN (SELECT id FROM comments WHERE user_id = $1)
ORDER BY comment_id

-- name: export_reactions
SELECT comment_id, kind FROM reactions WHERE user_id = $1

-- name: export_flags
SELECT comment_id, reason, note, at FROM flags WHERE user_id = $1

-- name: export_receipts
SELECT mutation, key, result, at FROM receipts WHERE user_id = $1

-- name: export_keys
SELECT start, created_at, expires_at, used_at, revoked_at FROM api_keys WHERE user_id = $1 ORDER BY id

-- name: export_history
SELECT comment_id, user_id, rule, before, after, reason, at FROM comment_history
WHERE user_id = $1 OR comment_id IN (SELECT id FROM comments WHERE user_id = $1)
ORDER BY id
