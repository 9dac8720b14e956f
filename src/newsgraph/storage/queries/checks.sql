-- For each check `check_NAME`: the rows that are not what a recount says, as (key, stored, right), at most $1 of them.
-- `mend_NAME` puts one of them right: $1 is its key, $2 what is right, $3 what was stored. While others write, both
-- may have changed since: a counter is only changed where it still is what was found, and what was copied is copied anew.

-- name: check_integrity
SELECT 'database', quick_check, NULL FROM pragma_quick_check WHERE quick_check <> 'ok' LIMIT $1

-- One line is enough: all indexes are made anew.
-- name: check_indexes
SELECT 'database', min(integrity_check), NULL FROM pragma_integrity_check WHERE integrity_check LIKE '%index%'
HAVING count(*) > 0
LIMIT $1

-- name: mend_indexes
REINDEX

-- name: check_references
SELECT "table" || coalesce(' ' || rowid, ''), NULL, 'a row of ' || parent FROM pragma_foreign_key_check LIMIT $1

-- A reply stands below the article of what it replies to. From the top down: one that is mended may show the next.
-- name: check_places
SELECT c.id, c.article_id, up.article_id
FROM comments AS c JOIN comments AS up ON up.id = c.parent_id
WHERE c.article_id <> up.article_id
LIMIT $1

-- name: mend_places
UPDATE comments SET article_id = $2 WHERE id = $1 AND article_id = $3

-- name: check_depths
SELECT c.id, c.depth, coalesce(up.depth + 1, 0)
FROM comments AS c LEFT JOIN comments AS up ON up.id = c.parent_id
WHERE c.depth <> coalesce(up.depth + 1, 0)
LIMIT $1

-- name: mend_depths
UPDATE comments SET depth = $2 WHERE id = $1 AND depth = $3

-- Every published comment counts once for each of those above it. The steps are bounded in case somebody has made a ring.
-- name: check_descendants
WITH RECURSIVE above (parent_id, step) AS (
    SELECT parent_id, 1 FROM comments WHERE status = 'PUBLISHED' AND parent_id IS NOT NULL
    UNION ALL
    SELECT up.parent_id, above.step + 1 FROM above JOIN comments AS up ON up.id = above.parent_id
    WHERE up.parent_id IS NOT NULL AND above.step < 1000
),
counted AS (SELECT parent_id, count(*) AS number FROM above GROUP BY parent_id)
SELECT c.id, c.descendants, coalesce(counted.number, 0)
FROM comments AS c LEFT JOIN counted ON counted.parent_id = c.id
WHERE c.descendants <> coalesce(counted.number, 0)
LIMIT $1

-- name: mend_descendants
UPDATE comments SET descendants = $2 WHERE id = $1 AND descendants = $3

-- name: check_replies
WITH counted AS (
    SELECT parent_id, count(*) AS number FROM comments WHERE parent_id IS NOT NULL AND listed = 1 GROUP BY parent_id
)
SELECT c.id, c.reply_count, coalesce(counted.number, 0)
FROM comments AS c LEFT JOIN counted ON counted.parent_id = c.id
WHERE c.reply_count <> coalesce(counted.number, 0)
LIMIT $1

-- name: mend_replies
UPDATE comments SET reply_count = $2 WHERE id = $1 AND reply_count = $3

-- name: check_likes
WITH counted AS (SELECT comment_id, count(*) AS number FROM reactions WHERE kind = 'LIKE' GROUP BY comment_id)
SELECT c.id, c.likes, coalesce(counted.number, 0)
FROM comments AS c LEFT JOIN counted ON counted.comment_id = c.id
WHERE c.likes <> coalesce(counted.number, 0)
LIMIT $1

-- name: mend_likes
UPDATE comments SET likes = $2 WHERE id = $1 AND likes = $3

-- name: check_insightfuls
WITH counted AS (SELECT comment_id, count(*) AS number FROM reactions WHERE kind = 'INSIGHTFUL' GROUP BY comment_id)
SELECT c.id, c.insightfuls, coalesce(counted.number, 0)
FROM comments AS c LEFT JOIN counted ON counted.comment_id = c.id
WHERE c.insightfuls <> coalesce(counted.number, 0)
LIMIT $1

-- name: mend_insightfuls
UPDATE comments SET insightfuls = $2 WHERE id = $1 AND insightfuls = $3

-- name: check_disagrees
WITH counted AS (SELECT comment_id, count(*) AS number FROM reactions WHERE kind = 'DISAGREE' GROUP BY comment_id)
SELECT c.id, c.disagrees, coalesce(counted.number, 0)
FROM comments AS c LEFT JOIN counted ON counted.comment_id = c.id
WHERE c.disagrees <> coalesce(counted.number, 0)
LIMIT $1

-- name: mend_disagrees
UPDATE comments SET disagrees = $2 WHERE id = $1 AND disagrees = $3

-- A moderator's approval answers the reports before it. Times may be equal, and clocks are set back, so that of an
-- approved comment only more reports than there ever were are surely wrong.
-- name: check_flags
WITH counted AS (SELECT comment_id, count(*) AS number FROM flags GROUP BY comment_id),
approved AS (
    SELECT comment_id, max(at) AS at FROM comment_history WHERE after = 'PUBLISHED' AND rule IS NULL GROUP BY comment_id
)
SELECT c.id, c.flag_count, CASE
    WHEN approved.at IS NULL THEN coalesce(counted.number, 0)
    ELSE (SELECT count(*) FROM flags WHERE flags.comment_id = c.id AND flags.at >= approved.at)
END
FROM comments AS c
LEFT JOIN counted ON counted.comment_id = c.id
LEFT JOIN approved ON approved.comment_id = c.id
WHERE c.flag_count > coalesce(counted.number, 0)
    OR (approved.at IS NULL AND c.flag_count < coalesce(counted.number, 0))
LIMIT $1

-- name: mend_flags
UPDATE comments SET flag_count = $2 WHERE id = $1 AND flag_count = $3

-- name: check_comments
WITH counted AS (SELECT article_id, count(*) AS number FROM comments WHERE status = 'PUBLISHED' GROUP BY article_id)
SELECT a.id, a.comment_count, coalesce(counted.number, 0)
FROM articles AS a LEFT JOIN counted ON counted.article_id = a.id
WHERE a.comment_count <> coalesce(counted.number, 0)
LIMIT $1

-- name: mend_comments
UPDATE articles SET comment_count = $2 WHERE id = $1 AND comment_count = $3

-- name: check_threads
WITH counted AS (
    SELECT article_id, count(*) AS number FROM comments WHERE parent_id IS NULL AND listed = 1 GROUP BY article_id
)
SELECT a.id, a.thread_count, coalesce(counted.number, 0)
FROM articles AS a LEFT JOIN counted ON counted.article_id = a.id
WHERE a.thread_count <> coalesce(counted.number, 0)
LIMIT $1

-- name: mend_threads
UPDATE articles SET thread_count = $2 WHERE id = $1 AND thread_count = $3

-- Buckets are forgotten with time: an article has at least as many views as are in those of any width.
-- name: check_views
WITH summed AS (SELECT article_id, width, sum(views) AS views FROM view_buckets GROUP BY article_id, width)
SELECT a.id, a.view_count, max(summed.views)
FROM summed JOIN articles AS a ON a.id = summed.article_id
WHERE summed.views > a.view_count
GROUP BY a.id
LIMIT $1

-- name: mend_views
UPDATE articles SET view_count = $2 WHERE id = $1 AND view_count = $3

-- name: check_bylines
SELECT copy.article_id, copy.shown_at, a.shown_at
FROM article_authors AS copy JOIN articles AS a ON a.id = copy.article_id
WHERE copy.shown_at IS NOT a.shown_at
GROUP BY copy.article_id
LIMIT $1

-- name: mend_bylines
UPDATE article_authors SET shown_at = (SELECT shown_at FROM articles WHERE id = $1) WHERE article_id = $1

-- name: check_tags
SELECT copy.article_id, copy.shown_at, a.shown_at
FROM article_tags AS copy JOIN articles AS a ON a.id = copy.article_id
WHERE copy.shown_at IS NOT a.shown_at
GROUP BY copy.article_id
LIMIT $1

-- name: mend_tags
UPDATE article_tags SET shown_at = (SELECT shown_at FROM articles WHERE id = $1) WHERE article_id = $1

-- What is in a list, as (list, article).
-- name: check_listed
SELECT r.key, NULL, json_extract(item.value, '$[0]')
FROM ranked_lists AS r, json_each(r.items) AS item
WHERE NOT EXISTS (
    SELECT 1 FROM list_members WHERE article_id = json_extract(item.value, '$[0]') AND list_key = r.key
)
LIMIT $1

-- name: mend_listed
INSERT INTO list_members (article_id, list_key)
SELECT $2, r.key
FROM ranked_lists AS r, json_each(r.items) AS item
WHERE r.key = $1 AND json_extract(item.value, '$[0]') = $2 AND EXISTS (SELECT 1 FROM articles WHERE id = $2)
ON CONFLICT (article_id, list_key) DO NOTHING

-- name: check_unlisted
SELECT m.list_key, m.article_id, NULL
FROM list_members AS m LEFT JOIN ranked_lists AS r ON r.key = m.list_key
WHERE NOT EXISTS (SELECT 1 FROM json_each(r.items) AS item WHERE json_extract(item.value, '$[0]') = m.article_id)
LIMIT $1

-- name: mend_unlisted
DELETE FROM list_members
WHERE list_key = $1 AND article_id = $3 AND NOT EXISTS (
    SELECT 1 FROM ranked_lists AS r, json_each(r.items) AS item
    WHERE r.key = $1 AND json_extract(item.value, '$[0]') = $3
)

-- An article that readers do not see stands in no list.
-- name: check_hidden
SELECT r.key, NULL, json_extract(item.value, '$[0]')
FROM ranked_lists AS r, json_each(r.items) AS item
LEFT JOIN articles AS a ON a.id = json_extract(item.value, '$[0]')
WHERE a.shown_at IS NULL
LIMIT $1

-- A list's version is the number of the last event that changed it, where that is still in the log.
-- name: check_versions
SELECT r.key, r.version, max(log.seq)
FROM ranked_lists AS r JOIN log ON log.kind = 'list' AND log.topic = 'list:' || r.key
GROUP BY r.key
HAVING r.version <> max(log.seq)
LIMIT $1

-- name: mend_versions
UPDATE ranked_lists SET version = $2 WHERE key = $1 AND version = $3

-- What a comment's last line of history says is what it is. Whoever is erased leaves removed ones without a line.
-- name: check_statuses
SELECT c.id, c.status, h.after
FROM comments AS c JOIN comment_history AS h ON h.id = (SELECT max(id) FROM comment_history WHERE comment_id = c.id)
WHERE c.status <> h.after AND c.status <> 'REMOVED'
LIMIT $1

-- Whose the text is that is remembered.
-- name: check_prints
SELECT p.comment_id, p.user_id, c.user_id
FROM comment_prints AS p JOIN comments AS c ON c.id = p.comment_id
WHERE p.user_id <> c.user_id
LIMIT $1

-- name: mend_prints
UPDATE comment_prints SET user_id = $2 WHERE comment_id = $1 AND user_id = $3

-- Whoever is erased has a subject that begins with a line feed. What is still being erased is none of this.
-- name: check_erased
SELECT u.id, 1, 0 FROM users AS u
WHERE u.subject >= char(10) AND u.subject < char(11)
    AND NOT EXISTS (SELECT 1 FROM erasures WHERE user_id = u.id)
    AND (
        EXISTS (SELECT 1 FROM comments WHERE user_id = u.id)
        OR EXISTS (SELECT 1 FROM reactions WHERE user_id = u.id)
        OR EXISTS (SELECT 1 FROM flags WHERE user_id = u.id)
        OR EXISTS (SELECT 1 FROM comment_history WHERE user_id = u.id)
        OR EXISTS (SELECT 1 FROM receipts WHERE user_id = u.id)
    )
LIMIT $1

-- name: mend_erased
INSERT INTO erasures (user_id, subject, mode, at) SELECT id, subject, 'tombstone', 0 FROM users WHERE id = $1
ON CONFLICT (user_id) DO NOTHING

-- The log has every number from trimmed_seq to last_seq, or it would be waited for.
-- name: check_numbers
SELECT 'last_seq', stream.last_seq, found.seq
FROM stream JOIN (SELECT max(seq) AS seq FROM log) AS found
WHERE found.seq > stream.last_seq
LIMIT $1

-- name: mend_numbers
UPDATE stream SET last_seq = $2 WHERE last_seq = $3

-- Behind the last number that is missing: what comes before it cannot be resumed.
-- name: check_gaps
SELECT 'trimmed_seq', stream.trimmed_seq, found.seq
FROM stream JOIN (
    SELECT CASE
        WHEN coalesce((SELECT max(seq) FROM log), 0) < (SELECT last_seq FROM stream) THEN (SELECT last_seq FROM stream)
        ELSE (
            SELECT max(seq) - 1 FROM log
            WHERE NOT EXISTS (SELECT 1 FROM log AS former WHERE former.seq = log.seq - 1)
        )
    END AS seq
) AS found
WHERE found.seq > stream.trimmed_seq
LIMIT $1

-- name: mend_gaps
UPDATE stream SET trimmed_seq = $2 WHERE trimmed_seq = $3

-- name: check_trimmed
SELECT 'log', count(*), 0 FROM log WHERE seq <= (SELECT trimmed_seq FROM stream) HAVING count(*) > 0 LIMIT $1

-- name: mend_trimmed
DELETE FROM log WHERE seq <= (SELECT trimmed_seq FROM stream) AND $1 = 'log'

-- What is searched is what is written; two characters of private use mark what was found.
-- name: check_search
SELECT a.id, s.c0 IS NOT NULL, 1
FROM articles AS a
JOIN article_bodies AS b ON b.article_id = a.id
LEFT JOIN article_search_content AS s ON s.id = a.id
WHERE s.id IS NULL
    OR s.c0 <> replace(replace(a.headline, char(57344), ' '), char(57345), ' ')
    OR s.c1 <> replace(replace(coalesce(a.standfirst, ''), char(57344), ' '), char(57345), ' ')
    OR s.c2 <> coalesce((
        SELECT group_concat(replace(replace(tag, char(57344), ' '), char(57345), ' '), char(10))
        FROM (SELECT tag FROM article_tags WHERE article_id = a.id ORDER BY position)
    ), '')
    OR s.c3 <> replace(replace(b.text, char(57344), ' '), char(57345), ' ')
LIMIT $1

-- name: mend_search
INSERT OR REPLACE INTO article_search (rowid, headline, standfirst, tags, body)
SELECT a.id,
    replace(replace(a.headline, char(57344), ' '), char(57345), ' '),
    replace(replace(coalesce(a.standfirst, ''), char(57344), ' '), char(57345), ' '),
    coalesce((
        SELECT group_concat(replace(replace(tag, char(57344), ' '), char(57345), ' '), char(10))
        FROM (SELECT tag FROM article_tags WHERE article_id = a.id ORDER BY position)
    ), ''),
    replace(replace(b.text, char(57344), ' '), char(57345), ' ')
FROM articles AS a JOIN article_bodies AS b ON b.article_id = a.id
WHERE a.id = $1

-- name: check_unsearched
SELECT s.id, 1, 0 FROM article_search_content AS s LEFT JOIN articles AS a ON a.id = s.id WHERE a.id IS NULL LIMIT $1

-- name: mend_unsearched
DELETE FROM article_search WHERE rowid = $1 AND NOT EXISTS (SELECT 1 FROM articles WHERE id = $1)

-- FTS5's own check of its index, which it runs as a command: under the lock of a change.
-- name: check_words
INSERT INTO article_search (article_search) VALUES ('integrity-check')

-- name: mend_words
INSERT INTO article_search (article_search) VALUES ('rebuild')
