-- name: views_add
UPDATE articles SET view_count = view_count + $2 WHERE id = $1

-- name: views_add_bucket
INSERT INTO view_buckets (width, start, article_id, views)
SELECT $1, $2, id, $4 FROM articles WHERE id = $3
ON CONFLICT (width, start, article_id) DO UPDATE SET views = view_buckets.views + excluded.views

-- name: views_counts
SELECT article_id, sum(views) FROM view_buckets
WHERE article_id IN ids($1) AND width = $2 AND start > $3
GROUP BY article_id

-- name: views_prune
DELETE FROM view_buckets WHERE width = $1 AND start < $2

-- name: views_salt
INSERT INTO view_salt (only, day, salt) VALUES (1, $1, $2)
ON CONFLICT (only) DO UPDATE SET day = excluded.day, salt = iif(day = excluded.day, salt, excluded.salt)
RETURNING salt

-- name: views_marked
SELECT at FROM view_marks WHERE mark = $1 AND abs(at - $2) < $3

-- Those that are new, or were counted longer ago than $2.
-- name: views_mark
INSERT INTO view_marks (mark, at)
SELECT CAST(key AS INTEGER), value FROM json_each($1) WHERE true
ON CONFLICT (mark) DO UPDATE SET at = excluded.at WHERE abs(excluded.at - view_marks.at) >= $2
RETURNING mark

-- Those from longer ago than a window, and of the rest all but the newest; also those from before a clock was set back.
-- name: views_forget
DELETE FROM view_marks
WHERE at NOT BETWEEN $1 AND $2
    OR at <= (SELECT at FROM view_marks ORDER BY at DESC LIMIT 1 OFFSET $3)
