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
