-- A row in three columns: long texts are not copied letter by letter.
-- name: article_columns
json_array(
    a.id, a.slug, a.url, a.headline, a.language, a.status, a.published_at, a.updated_at,
    a.reading_minutes, a.section_id, a.view_count, a.comment_count, a.thread_count,
    a.comments_open, a.comments_close_at, a.comment_mode, a.comment_max_length, a.ad_slots
), a.standfirst, a.lead_image

-- name: articles_by_ids
SELECT /*article_columns*/ FROM articles AS a WHERE a.id IN ids($1)

-- name: articles_by_slugs
SELECT /*article_columns*/ FROM articles AS a WHERE a.slug IN texts($1)

-- name: articles_by_urls
SELECT /*article_columns*/ FROM articles AS a WHERE a.url IN texts($1)

-- name: article_bodies
SELECT article_id, html, text FROM article_bodies WHERE article_id IN ids($1)

-- name: article_html
SELECT article_id, html FROM article_bodies WHERE article_id IN ids($1)

-- name: article_texts
SELECT article_id, text FROM article_bodies WHERE article_id IN ids($1)

-- name: article_tags
SELECT article_id, tag FROM article_tags WHERE article_id IN ids($1) ORDER BY article_id, position

-- A page's source is the narrowest table that holds its order; whatever else it is narrowed by is looked up per row.
-- CROSS JOIN holds SQLite to that order.
-- name: articles_page
SELECT /*article_columns*/
FROM /*source*/
WHERE a.shown_at IS NOT NULL /*narrow_source*/ /*narrow_section*/ /*narrow_tag*/ /*between*/
ORDER BY /*order*/
LIMIT $1

-- name: articles_count
SELECT count(*)
FROM /*source*/
WHERE a.shown_at IS NOT NULL /*narrow_source*/ /*narrow_section*/ /*narrow_tag*/ /*between*/

-- name: articles_source_all
articles AS a

-- name: articles_source_author
article_authors AS x CROSS JOIN articles AS a

-- name: articles_source_tag
article_tags AS x CROSS JOIN articles AS a

-- name: articles_narrow_author
AND a.id = x.article_id AND x.shown_at IS NOT NULL AND x.author_id = (SELECT id FROM authors WHERE slug = $1)

-- name: articles_narrow_tag
AND a.id = x.article_id AND x.shown_at IS NOT NULL AND x.tag = $1

-- name: articles_narrow_section
AND a.section_id = (SELECT id FROM sections WHERE slug = $1)

-- name: articles_narrow_tagged
AND EXISTS (SELECT 1 FROM article_tags AS t WHERE t.article_id = a.id AND t.tag = $1)

-- name: articles_of_sections
SELECT a.section_id, /*article_columns*/
FROM ids($1) AS parent
JOIN articles AS a ON a.id IN (
    SELECT id FROM articles
    WHERE section_id = parent.value AND shown_at IS NOT NULL /*between*/
    ORDER BY /*order*/
    LIMIT $2
)
ORDER BY /*outer*/

-- name: articles_of_authors
SELECT parent.value, /*article_columns*/
FROM ids($1) AS parent
JOIN articles AS a ON a.id IN (
    SELECT article_id FROM article_authors
    WHERE author_id = parent.value AND shown_at IS NOT NULL /*between*/
    ORDER BY /*order*/
    LIMIT $2
)
ORDER BY /*outer*/

-- name: articles_counts_of_sections
SELECT section_id, count(*) FROM articles
WHERE section_id IN ids($1) AND shown_at IS NOT NULL
GROUP BY section_id

-- name: articles_counts_of_authors
SELECT author_id, count(*) FROM article_authors
WHERE author_id IN ids($1) AND shown_at IS NOT NULL
GROUP BY author_id

-- name: article_slug_taken
SELECT 1 FROM articles WHERE slug = $1

-- name: article_insert
INSERT INTO articles (
    slug, url, headline, standfirst, language, lead_image, status, published_at, shown_at, section_id,
    reading_minutes, updated_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
RETURNING id

-- name: article_update
UPDATE articles
SET slug = $1, url = $2, headline = $3, standfirst = $4, language = $5, lead_image = $6, status = $7,
    published_at = $8, shown_at = $9, section_id = $10, reading_minutes = $11, updated_at = $12
WHERE id = $13

-- name: article_set_status
UPDATE articles SET status = $2, published_at = $3, shown_at = $4 WHERE id = $1

-- name: article_set_rules
UPDATE articles
SET comments_open = $2, comments_close_at = $3, comment_mode = $4, comment_max_length = $5
WHERE id = $1

-- name: article_set_body
INSERT INTO article_bodies (article_id, html, text) VALUES ($1, $2, $3)
ON CONFLICT (article_id) DO UPDATE SET html = excluded.html, text = excluded.text

-- name: article_show_authors
UPDATE article_authors SET shown_at = (SELECT shown_at FROM articles WHERE id = $1) WHERE article_id = $1

-- name: article_show_tags
UPDATE article_tags SET shown_at = (SELECT shown_at FROM articles WHERE id = $1) WHERE article_id = $1

-- name: article_clear_authors
DELETE FROM article_authors WHERE article_id = $1

-- name: article_add_author
INSERT INTO article_authors (article_id, position, author_id, shown_at)
VALUES ($1, $2, $3, (SELECT shown_at FROM articles WHERE id = $1))

-- name: article_clear_tags
DELETE FROM article_tags WHERE article_id = $1

-- name: article_add_tag
INSERT INTO article_tags (article_id, position, tag, shown_at)
VALUES ($1, $2, $3, (SELECT shown_at FROM articles WHERE id = $1))

-- name: article_set_ad_slots
UPDATE articles SET ad_slots = $2 WHERE id = $1

-- name: article_add_comments
UPDATE articles SET comment_count = comment_count + $2, thread_count = thread_count + $3 WHERE id = $1

-- name: articles_due
SELECT id FROM articles
WHERE status = 'SCHEDULED' AND published_at <= $1
ORDER BY published_at, id
LIMIT $2

-- name: origin
SELECT article_id, digest FROM origins WHERE source = $1 AND guid = $2

-- name: origin_remember
INSERT INTO origins (source, guid, article_id, digest) VALUES ($1, $2, $3, $4)
ON CONFLICT (source, guid) DO UPDATE SET article_id = excluded.article_id, digest = excluded.digest
