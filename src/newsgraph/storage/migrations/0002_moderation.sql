-- Whose comments wait for a moderator, whatever they write.
ALTER TABLE users ADD COLUMN premoderated INTEGER NOT NULL DEFAULT 0 CHECK (premoderated IN (0, 1));

-- What was said lately, to find the same text again; upkeep forgets it with comment_repeat_window. Of the text there is
-- only a hash.
CREATE TABLE comment_prints (
    comment_id INTEGER PRIMARY KEY REFERENCES comments (id),
    print INTEGER NOT NULL,
    user_id INTEGER NOT NULL REFERENCES users (id),
    at INTEGER NOT NULL
);
CREATE INDEX comment_prints_print ON comment_prints (print, user_id, at);
CREATE INDEX comment_prints_at ON comment_prints (at);

-- One's own comments that wait: few of many.
CREATE INDEX comments_user_pending ON comments (user_id, created_at, tie) WHERE status IN ('PENDING', 'WITHHELD');
