-- name: lists_by_keys
SELECT key, title, section_id, computed_at, version, items FROM ranked_lists WHERE key IN texts($1)

-- name: list_create
INSERT INTO ranked_lists (key, title, section_id, computed_at, version)
VALUES ($1, $2, $3, $4, (SELECT last_seq FROM stream))
ON CONFLICT (key) DO NOTHING

-- name: list_save
UPDATE ranked_lists SET items = $2, computed_at = $3 WHERE key = $1

-- name: list_set_title
UPDATE ranked_lists SET title = $2 WHERE key = $1

-- name: list_set_version
UPDATE ranked_lists SET version = $2 WHERE key = $1

-- name: list_add_member
INSERT INTO list_members (article_id, list_key) VALUES ($1, $2) ON CONFLICT (article_id, list_key) DO NOTHING

-- name: list_drop_member
DELETE FROM list_members WHERE article_id = $1 AND list_key = $2

-- name: lists_containing
SELECT list_key FROM list_members WHERE article_id = $1 ORDER BY list_key

-- name: list_pins
SELECT article_id FROM list_pins WHERE list_key = $1 ORDER BY position

-- name: list_exclusions
SELECT article_id FROM list_exclusions WHERE list_key = $1 ORDER BY position

-- name: list_clear_pins
DELETE FROM list_pins WHERE list_key = $1

-- name: list_add_pin
INSERT INTO list_pins (list_key, position, article_id) VALUES ($1, $2, $3)

-- name: list_clear_exclusions
DELETE FROM list_exclusions WHERE list_key = $1

-- name: list_add_exclusion
INSERT INTO list_exclusions (list_key, position, article_id) VALUES ($1, $2, $3)

-- name: lists_latest
SELECT id FROM articles WHERE shown_at IS NOT NULL /*section*/
ORDER BY shown_at DESC, tie DESC
LIMIT $1

-- name: lists_most_viewed
SELECT id, view_count FROM articles WHERE shown_at IS NOT NULL AND view_count > 0 /*section*/
ORDER BY view_count DESC, id DESC
LIMIT $1

-- name: lists_section
AND section_id = $1

-- $2 gives each bucket of the window its weight; the sum reads each bucket once, then the best are sorted.
-- name: lists_popular
SELECT popular.article_id, popular.score
FROM (
    SELECT b.article_id, sum(b.views * w.weight) AS score
    FROM weights($2) AS w JOIN view_buckets AS b ON b.width = $1 AND b.start = w.start
    WHERE b.views > 0
    GROUP BY b.article_id
) AS popular
JOIN articles AS a ON a.id = popular.article_id
WHERE a.shown_at IS NOT NULL /*section*/
ORDER BY popular.score DESC, popular.article_id DESC
LIMIT $3

-- name: lists_newest_of_authors
SELECT DISTINCT a.id, a.shown_at
FROM article_authors AS own CROSS JOIN articles AS a
WHERE own.article_id = $1 AND a.id IN (
    SELECT article_id FROM article_authors
    WHERE author_id = own.author_id AND shown_at IS NOT NULL AND article_id <> $1
    ORDER BY shown_at DESC, article_id DESC
    LIMIT $2
)
ORDER BY a.shown_at DESC, a.id DESC
LIMIT $2

-- name: lists_newest_of_section
SELECT id FROM articles
WHERE section_id = (SELECT section_id FROM articles WHERE id = $1) AND shown_at IS NOT NULL AND id <> $1
ORDER BY shown_at DESC, tie DESC
LIMIT $2

-- name: lists_words
SELECT headline, standfirst FROM articles WHERE id = $1

-- name: lists_likenesses
SELECT a.id,
    a.section_id = (SELECT section_id FROM articles WHERE id = $1),
    EXISTS (
        SELECT 1 FROM article_authors AS x JOIN article_authors AS y ON y.author_id = x.author_id
        WHERE x.article_id = a.id AND y.article_id = $1
    ),
    a.shown_at
FROM articles AS a
WHERE a.id IN ids($2)

-- name: lists_unscoped
SELECT key FROM ranked_lists WHERE instr(key, '/') = 0 ORDER BY key

-- name: lists_stale
SELECT key FROM ranked_lists
WHERE computed_at < $2 AND substr(key, 1, length($1)) = $1
ORDER BY computed_at, key
LIMIT $3
