-- name: sections_all
SELECT id, slug, name, position FROM sections ORDER BY position

-- name: section_by_slug
SELECT id, slug, name, position FROM sections WHERE slug = $1

-- name: section_insert
INSERT INTO sections (slug, name, position)
VALUES ($1, $2, (SELECT coalesce(max(position), 0) + 1 FROM sections))
RETURNING id, slug, name, position
