-- name: stream_head
SELECT epoch, trimmed_seq, last_seq FROM stream

-- name: stream_secret
SELECT secret FROM stream

-- name: stream_advance
UPDATE stream SET last_seq = last_seq + $1 RETURNING last_seq

-- name: stream_trim
UPDATE stream SET trimmed_seq = $1

-- name: log_append
INSERT INTO log (seq, at, kind, topic, payload) VALUES ($1, $2, $3, $4, $5)

-- name: log_after
SELECT seq, at, kind, payload FROM log WHERE seq > $1 ORDER BY seq LIMIT $2

-- name: log_of_topic
SELECT seq, at, kind, payload FROM log WHERE topic = $1 AND seq > $2 ORDER BY seq LIMIT $3

-- name: log_of_kind
SELECT seq, at, kind, payload FROM log WHERE kind = $1 AND seq > $2 ORDER BY seq LIMIT $3

-- name: log_newest_of_topic
SELECT seq FROM log WHERE topic = $1 AND seq > $2 ORDER BY seq DESC LIMIT $3

-- name: log_newest_of_kind
SELECT seq FROM log WHERE kind = $1 AND seq > $2 ORDER BY seq DESC LIMIT $3

-- Reads no more rows than are dropped, and one.
-- name: log_first_since
SELECT seq FROM log WHERE at >= $1 ORDER BY seq LIMIT 1

-- name: log_drop
DELETE FROM log WHERE seq <= $1
