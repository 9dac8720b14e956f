-- The columns' weights (headline, standfirst, tags, body) are the same wherever bm25 is asked for.

-- name: search_hits
SELECT id, badness FROM (
    SELECT a.id, bm25(article_search, 10.0, 5.0, 4.0, 1.0) AS badness
    FROM article_search JOIN articles AS a ON a.id = article_search.rowid
    WHERE article_search MATCH $1 AND a.shown_at IS NOT NULL /*section*/
)
WHERE true /*between*/
ORDER BY /*order*/
LIMIT $2

-- From the body (3), and from the column that SQLite thinks best (-1) for those whose body lacks the words.
-- name: search_snippets
SELECT rowid, snippet(article_search, 3, $3, $4, '…', 32), snippet(article_search, -1, $3, $4, '…', 32)
FROM article_search
WHERE article_search MATCH $1 AND rowid IN ids($2)

-- name: search_count
SELECT count(*)
FROM article_search JOIN articles AS a ON a.id = article_search.rowid
WHERE article_search MATCH $1 AND a.shown_at IS NOT NULL /*section*/

-- name: search_section
AND a.section_id = $1

-- name: search_add
INSERT INTO article_search (rowid, headline, standfirst, tags, body) VALUES ($1, $2, $3, '', $4)

-- name: search_update
UPDATE article_search SET headline = $2, standfirst = $3, body = $4 WHERE rowid = $1

-- name: search_set_tags
UPDATE article_search SET tags = $2 WHERE rowid = $1

-- Only words that another article has too, the rarest first: they say most and are the fewest rows to read.
-- name: search_telling_words
SELECT term FROM texts($1) AS word JOIN article_words ON article_words.term = word.value
WHERE doc > 1
ORDER BY doc, term
LIMIT $2

-- name: search_like
SELECT a.id, -bm25(article_search, 10.0, 5.0, 4.0, 1.0) AS score
FROM article_search JOIN articles AS a ON a.id = article_search.rowid
WHERE article_search MATCH $1 AND a.shown_at IS NOT NULL AND a.id <> $2
ORDER BY score DESC, a.id DESC
LIMIT $3
