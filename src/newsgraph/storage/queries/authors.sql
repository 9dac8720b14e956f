-- name: author_columns
w.id, w.slug, w.name, w.email, w.bio, w.avatar_url

-- name: authors_by_ids
SELECT /*author_columns*/ FROM authors AS w WHERE w.id IN ids($1)

-- name: authors_by_slugs
SELECT /*author_columns*/ FROM authors AS w WHERE w.slug IN texts($1)

-- name: authors_of_articles
SELECT x.article_id, /*author_columns*/
FROM article_authors AS x JOIN authors AS w ON w.id = x.author_id
WHERE x.article_id IN ids($1)
ORDER BY x.article_id, x.position

-- name: authors_page
SELECT /*author_columns*/ FROM authors AS w
WHERE 1 = 1 /*between*/
ORDER BY /*order*/
LIMIT $1

-- name: authors_count
SELECT count(*) FROM authors

-- name: author_insert
INSERT INTO authors (slug, name, email, bio, avatar_url) VALUES ($1, $2, $3, $4, $5)
RETURNING id, slug, name, email, bio, avatar_url

-- name: author_complete
UPDATE authors SET email = $2, bio = $3, avatar_url = $4 WHERE id = $1
