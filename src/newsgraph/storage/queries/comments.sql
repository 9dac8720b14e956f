-- A row in two columns: long texts are not copied letter by letter.
-- name: comment_columns
json_array(
    c.id, c.article_id, c.parent_id, c.user_id, c.status, c.depth, c.created_at, c.edited_at, c.featured,
    c.moderated, c.flag_count, c.reply_count, c.descendants, c.likes, c.insightfuls, c.disagrees
), c.body

-- name: comments_by_ids
SELECT /*comment_columns*/ FROM comments AS c WHERE c.id IN ids($1)

-- name: comment_chain
WITH RECURSIVE chain (id, parent_id, step) AS (
    SELECT id, parent_id, 0 FROM comments WHERE id = $1
    UNION ALL
    SELECT up.id, up.parent_id, chain.step + 1 FROM chain JOIN comments AS up ON up.id = chain.parent_id
)
SELECT /*comment_columns*/ FROM chain JOIN comments AS c ON c.id = chain.id ORDER BY chain.step

-- Those of one parent stand in its index in their order.
-- name: comments_of_article
SELECT /*comment_columns*/ FROM comments AS c
WHERE c.article_id = $1 AND c.parent_id IS NULL AND c.listed = 1 /*between*/
ORDER BY /*order*/
LIMIT $2

-- name: comments_of_comment
SELECT /*comment_columns*/ FROM comments AS c
WHERE c.parent_id = $1 AND c.parent_id IS NOT NULL AND c.listed = 1 /*between*/
ORDER BY /*order*/
LIMIT $2

-- name: comments_of_articles
SELECT /*comment_columns*/
FROM ids($1) AS parent
JOIN comments AS c ON c.id IN (
    SELECT id FROM comments
    WHERE article_id = parent.value AND parent_id IS NULL AND listed = 1 /*between*/
    ORDER BY /*order*/
    LIMIT $2
)
ORDER BY /*outer*/

-- name: comments_of_comments
SELECT /*comment_columns*/
FROM ids($1) AS parent
JOIN comments AS c ON c.id IN (
    SELECT id FROM comments
    WHERE parent_id = parent.value AND parent_id IS NOT NULL AND listed = 1 /*between*/
    ORDER BY /*order*/
    LIMIT $2
)
ORDER BY /*outer*/

-- name: comments_queue
SELECT /*comment_columns*/ FROM comments AS c
WHERE /*queue*/ /*article*/ /*between*/
ORDER BY /*order*/
LIMIT $1

-- name: comments_queue_count
SELECT count(*) FROM comments AS c WHERE /*queue*/ /*article*/

-- Each reads as the condition of its index.
-- name: comments_queue_unmoderated
c.status = 'PUBLISHED' AND c.moderated = 0

-- name: comments_queue_reported
c.status = 'PUBLISHED' AND c.flag_count > 0

-- name: comments_queue_pending
c.status IN ('PENDING', 'WITHHELD')

-- name: comments_queue_article
AND c.article_id = $1

-- name: comment_insert
INSERT INTO comments (article_id, parent_id, user_id, body, status, depth, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
RETURNING id

-- name: comment_save
UPDATE comments
SET body = $2, status = $3, edited_at = $4, featured = $5, moderated = $6, flag_count = $7, reply_count = $8,
    descendants = $9, likes = $10, insightfuls = $11, disagrees = $12
WHERE id = $1

-- name: comment_history
SELECT comment_id, user_id, rule, before, after, reason, at FROM comment_history
WHERE comment_id IN ids($1)
ORDER BY comment_id, at, id

-- name: comment_add_history
INSERT INTO comment_history (comment_id, user_id, rule, before, after, reason, at) VALUES ($1, $2, $3, $4, $5, $6, $7)

-- name: comment_flags
SELECT comment_id, reason, note, at FROM flags
WHERE comment_id IN ids($1)
ORDER BY comment_id, at, id

-- name: comment_add_flag
INSERT INTO flags (comment_id, user_id, reason, note, at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (comment_id, user_id) DO NOTHING

-- name: reactions_of
SELECT comment_id, kind FROM reactions WHERE user_id = $1 AND comment_id IN ids($2)

-- name: reaction_of
SELECT kind FROM reactions WHERE comment_id = $1 AND user_id = $2

-- name: reaction_set
INSERT INTO reactions (comment_id, user_id, kind) VALUES ($1, $2, $3)
ON CONFLICT (comment_id, user_id) DO UPDATE SET kind = excluded.kind

-- name: reaction_take_back
DELETE FROM reactions WHERE comment_id = $1 AND user_id = $2

-- name: comments_waiting
SELECT /*comment_columns*/ FROM comments AS c
WHERE c.user_id = $1 AND c.status IN ('PENDING', 'WITHHELD') /*article*/ /*between*/
ORDER BY /*order*/
LIMIT $2

-- name: comments_waiting_count
SELECT count(*) FROM comments AS c WHERE c.user_id = $1 AND c.status IN ('PENDING', 'WITHHELD') /*article*/

-- The latest 200 are looked at: else somebody with many refused ones would be counted at length.
-- name: comments_published_of
SELECT count(*) FROM (
    SELECT 1 FROM (SELECT id, status FROM comments WHERE user_id = $1 ORDER BY created_at DESC LIMIT 200)
    WHERE status = 'PUBLISHED' AND id <> $2
    LIMIT $3
)

-- name: comment_prints_known
SELECT 1 FROM comment_prints WHERE print = $1 AND at >= $2 LIMIT 1

-- name: comment_prints_own
SELECT c.article_id, c.parent_id
FROM comment_prints AS p JOIN comments AS c ON c.id = p.comment_id
WHERE p.print = $1 AND p.user_id = $2 AND p.at >= $3 AND c.status <> 'REMOVED' AND c.id <> $4
LIMIT 100

-- name: comment_prints_authors
SELECT count(*) FROM (
    SELECT DISTINCT user_id FROM comment_prints WHERE print = $1 AND at >= $2 AND user_id <> $3 LIMIT $4
)

-- name: comment_print
INSERT INTO comment_prints (comment_id, print, user_id, at) VALUES ($1, $2, $3, $4)
ON CONFLICT (comment_id) DO UPDATE SET print = excluded.print, at = excluded.at

-- name: comment_prints_prune
DELETE FROM comment_prints WHERE at < $1

-- name: comments_posted_since
SELECT created_at FROM comments WHERE user_id = $1 AND created_at >= $2
ORDER BY created_at DESC
LIMIT $3
