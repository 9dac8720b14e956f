-- The key of the hashes by which a reader's second view is known, for all processes; one day's takes the other's place.
CREATE TABLE view_salt (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    day TEXT NOT NULL,
    salt BLOB NOT NULL
);

-- Views that were counted within view_window: a hash of reader and article, and when. Upkeep forgets them.
CREATE TABLE view_marks (
    mark INTEGER PRIMARY KEY,
    at INTEGER NOT NULL
);
CREATE INDEX view_marks_at ON view_marks (at);
