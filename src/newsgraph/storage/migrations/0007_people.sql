-- Who is being erased, a few rows at a time, until nothing of them is left. By `subject` they are asked for again; `at`
-- is when something of it was last done.
CREATE TABLE erasures (
    user_id INTEGER PRIMARY KEY REFERENCES users (id),
    subject TEXT NOT NULL,
    mode TEXT NOT NULL,
    at INTEGER NOT NULL
);

-- What is somebody's is found without reading what is everybody's.
CREATE INDEX reactions_user ON reactions (user_id);
CREATE INDEX flags_user ON flags (user_id);
CREATE INDEX comment_history_user ON comment_history (user_id) WHERE user_id IS NOT NULL;

-- Everybody's tokens that were issued before are refused; in milliseconds.
ALTER TABLE stream ADD COLUMN revoked_before INTEGER;
