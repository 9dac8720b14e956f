-- Times are integer milliseconds since the epoch (UTC); truth values are 0 and 1.

-- One row. The epoch names this life of the database: a restored or replaced one has another.
CREATE TABLE stream (
    only INTEGER PRIMARY KEY DEFAULT 1 CHECK (only = 1),
    epoch TEXT NOT NULL DEFAULT (lower(hex(randomblob(8)))),
    secret TEXT NOT NULL DEFAULT (lower(hex(randomblob(32)))),
    last_seq INTEGER NOT NULL DEFAULT 0,
    trimmed_seq INTEGER NOT NULL DEFAULT 0 CHECK (trimmed_seq BETWEEN 0 AND last_seq)
);
INSERT INTO stream DEFAULT VALUES;

CREATE TABLE log (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    topic TEXT NOT NULL,
    payload TEXT NOT NULL
);
CREATE INDEX log_topic ON log (topic, seq);
CREATE INDEX log_kind ON log (kind, seq);

CREATE TABLE users (
    id INTEGER PRIMARY KEY,
    subject TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    suspended_until INTEGER,
    banned INTEGER NOT NULL DEFAULT 0 CHECK (banned IN (0, 1)),
    claims_at INTEGER NOT NULL
);

CREATE TABLE receipts (
    user_id INTEGER NOT NULL REFERENCES users (id),
    mutation TEXT NOT NULL,
    key TEXT NOT NULL,
    result TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (user_id, mutation, key)
) WITHOUT ROWID;
CREATE INDEX receipts_at ON receipts (at);

CREATE TABLE sections (
    id INTEGER PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    position INTEGER NOT NULL UNIQUE
);

CREATE TABLE authors (
    id INTEGER PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    email TEXT,
    bio TEXT,
    avatar_url TEXT
);
CREATE INDEX authors_name ON authors (name, id);

-- shown_at is the sort key of every page of articles, and empty for what readers do not see. It is no generated
-- column: an index with one is never used alone, and counting a section would read all its rows.
-- tie is the id again: SQLite does not use a rowid in a row value's range of an index, and would step over every
-- equal key before it.
CREATE TABLE articles (
    id INTEGER PRIMARY KEY,
    slug TEXT NOT NULL UNIQUE,
    url TEXT UNIQUE,
    headline TEXT NOT NULL,
    standfirst TEXT,
    language TEXT NOT NULL,
    lead_image TEXT,
    status TEXT NOT NULL,
    published_at INTEGER,
    updated_at INTEGER NOT NULL,
    reading_minutes INTEGER NOT NULL,
    section_id INTEGER NOT NULL REFERENCES sections (id),
    view_count INTEGER NOT NULL DEFAULT 0 CHECK (view_count >= 0),
    comment_count INTEGER NOT NULL DEFAULT 0 CHECK (comment_count >= 0),
    thread_count INTEGER NOT NULL DEFAULT 0 CHECK (thread_count >= 0),
    comments_open INTEGER NOT NULL DEFAULT 1 CHECK (comments_open IN (0, 1)),
    comments_close_at INTEGER,
    comment_mode TEXT,
    comment_max_length INTEGER,
    ad_slots TEXT NOT NULL DEFAULT '[]',
    shown_at INTEGER,
    tie INTEGER GENERATED ALWAYS AS (id) VIRTUAL,
    CHECK (status <> 'PUBLISHED' OR published_at IS NOT NULL),
    CHECK (shown_at IS CASE WHEN status = 'PUBLISHED' THEN published_at END)
);
CREATE INDEX articles_shown ON articles (shown_at, tie) WHERE shown_at IS NOT NULL;
CREATE INDEX articles_section ON articles (section_id, shown_at, tie) WHERE shown_at IS NOT NULL;
CREATE INDEX articles_viewed ON articles (view_count, id) WHERE shown_at IS NOT NULL;
CREATE INDEX articles_section_viewed ON articles (section_id, view_count, id) WHERE shown_at IS NOT NULL;
CREATE INDEX articles_due ON articles (published_at, id) WHERE status = 'SCHEDULED';

CREATE TABLE article_bodies (
    article_id INTEGER PRIMARY KEY REFERENCES articles (id),
    html TEXT NOT NULL,
    text TEXT NOT NULL
);

-- article_authors and article_tags repeat shown_at, so that an author's or a tag's page is one range of an index.
CREATE TABLE article_authors (
    article_id INTEGER NOT NULL REFERENCES articles (id),
    position INTEGER NOT NULL,
    author_id INTEGER NOT NULL REFERENCES authors (id),
    shown_at INTEGER,
    PRIMARY KEY (article_id, position),
    UNIQUE (article_id, author_id)
) WITHOUT ROWID;
CREATE INDEX article_authors_shown ON article_authors (author_id, shown_at, article_id);

CREATE TABLE article_tags (
    article_id INTEGER NOT NULL REFERENCES articles (id),
    position INTEGER NOT NULL,
    tag TEXT NOT NULL,
    shown_at INTEGER,
    PRIMARY KEY (article_id, position),
    UNIQUE (article_id, tag)
) WITHOUT ROWID;
CREATE INDEX article_tags_shown ON article_tags (tag, shown_at, article_id);

-- What an imported draft became, so that importing it again finds it.
CREATE TABLE origins (
    source TEXT NOT NULL,
    guid TEXT NOT NULL,
    article_id INTEGER NOT NULL REFERENCES articles (id),
    digest TEXT NOT NULL,
    PRIMARY KEY (source, guid)
) WITHOUT ROWID;

CREATE VIRTUAL TABLE article_search USING fts5 (
    headline, standfirst, tags, body,
    tokenize = 'unicode61 remove_diacritics 2'
);
CREATE VIRTUAL TABLE article_words USING fts5vocab (article_search, 'row');

-- width is in seconds; start in milliseconds, a multiple of width.
CREATE TABLE view_buckets (
    width INTEGER NOT NULL,
    start INTEGER NOT NULL,
    article_id INTEGER NOT NULL REFERENCES articles (id),
    views INTEGER NOT NULL CHECK (views >= 0),
    PRIMARY KEY (width, start, article_id)
) WITHOUT ROWID;
CREATE INDEX view_buckets_article ON view_buckets (article_id, width, start, views);

-- A list is one row with all its items; list_members says the other way round which lists have an article.
CREATE TABLE ranked_lists (
    key TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    section_id INTEGER REFERENCES sections (id),
    computed_at INTEGER NOT NULL,
    version INTEGER NOT NULL,
    items TEXT NOT NULL DEFAULT '[]'
) WITHOUT ROWID;
CREATE INDEX ranked_lists_computed ON ranked_lists (computed_at, key);

CREATE TABLE list_members (
    article_id INTEGER NOT NULL REFERENCES articles (id),
    list_key TEXT NOT NULL REFERENCES ranked_lists (key),
    PRIMARY KEY (article_id, list_key)
) WITHOUT ROWID;

CREATE TABLE list_pins (
    list_key TEXT NOT NULL REFERENCES ranked_lists (key),
    position INTEGER NOT NULL,
    article_id INTEGER NOT NULL REFERENCES articles (id),
    PRIMARY KEY (list_key, position)
) WITHOUT ROWID;

CREATE TABLE list_exclusions (
    list_key TEXT NOT NULL REFERENCES ranked_lists (key),
    position INTEGER NOT NULL,
    article_id INTEGER NOT NULL REFERENCES articles (id),
    PRIMARY KEY (list_key, position)
) WITHOUT ROWID;

CREATE TABLE comments (
    id INTEGER PRIMARY KEY,
    article_id INTEGER NOT NULL REFERENCES articles (id),
    parent_id INTEGER REFERENCES comments (id),
    user_id INTEGER NOT NULL REFERENCES users (id),
    body TEXT NOT NULL,
    status TEXT NOT NULL,
    depth INTEGER NOT NULL CHECK (depth >= 0),
    created_at INTEGER NOT NULL,
    edited_at INTEGER,
    featured INTEGER NOT NULL DEFAULT 0 CHECK (featured IN (0, 1)),
    moderated INTEGER NOT NULL DEFAULT 0 CHECK (moderated IN (0, 1)),
    flag_count INTEGER NOT NULL DEFAULT 0 CHECK (flag_count >= 0),
    reply_count INTEGER NOT NULL DEFAULT 0 CHECK (reply_count >= 0),
    descendants INTEGER NOT NULL DEFAULT 0 CHECK (descendants >= 0),
    likes INTEGER NOT NULL DEFAULT 0 CHECK (likes >= 0),
    insightfuls INTEGER NOT NULL DEFAULT 0 CHECK (insightfuls >= 0),
    disagrees INTEGER NOT NULL DEFAULT 0 CHECK (disagrees >= 0),
    reactions INTEGER GENERATED ALWAYS AS (likes + insightfuls + disagrees) STORED,
    listed INTEGER GENERATED ALWAYS AS (CASE WHEN status = 'PUBLISHED' OR descendants > 0 THEN 1 ELSE 0 END) STORED,
    tie INTEGER GENERATED ALWAYS AS (id) VIRTUAL
);
CREATE INDEX comments_top_created ON comments (article_id, created_at, tie) WHERE parent_id IS NULL AND listed = 1;
CREATE INDEX comments_top_replied ON comments (article_id, reply_count, tie) WHERE parent_id IS NULL AND listed = 1;
CREATE INDEX comments_top_reacted ON comments (article_id, reactions, tie) WHERE parent_id IS NULL AND listed = 1;
CREATE INDEX comments_created ON comments (parent_id, created_at, tie) WHERE parent_id IS NOT NULL AND listed = 1;
CREATE INDEX comments_replied ON comments (parent_id, reply_count, tie) WHERE parent_id IS NOT NULL AND listed = 1;
CREATE INDEX comments_reacted ON comments (parent_id, reactions, tie) WHERE parent_id IS NOT NULL AND listed = 1;
CREATE INDEX comments_user ON comments (user_id, created_at);
CREATE INDEX comments_unmoderated ON comments (created_at, tie) WHERE status = 'PUBLISHED' AND moderated = 0;
CREATE INDEX comments_reported ON comments (created_at, tie) WHERE status = 'PUBLISHED' AND flag_count > 0;
CREATE INDEX comments_pending ON comments (created_at, tie) WHERE status IN ('PENDING', 'WITHHELD');
CREATE INDEX comments_article_unmoderated ON comments (article_id, created_at, tie)
    WHERE status = 'PUBLISHED' AND moderated = 0;
CREATE INDEX comments_article_reported ON comments (article_id, created_at, tie)
    WHERE status = 'PUBLISHED' AND flag_count > 0;
CREATE INDEX comments_article_pending ON comments (article_id, created_at, tie)
    WHERE status IN ('PENDING', 'WITHHELD');

CREATE TABLE comment_history (
    id INTEGER PRIMARY KEY,
    comment_id INTEGER NOT NULL REFERENCES comments (id),
    user_id INTEGER REFERENCES users (id),
    rule TEXT,
    before TEXT,
    after TEXT NOT NULL,
    reason TEXT,
    at INTEGER NOT NULL
);
CREATE INDEX comment_history_comment ON comment_history (comment_id, at, id);

CREATE TABLE flags (
    id INTEGER PRIMARY KEY,
    comment_id INTEGER NOT NULL REFERENCES comments (id),
    user_id INTEGER NOT NULL REFERENCES users (id),
    reason TEXT NOT NULL,
    note TEXT,
    at INTEGER NOT NULL,
    UNIQUE (comment_id, user_id)
);
CREATE INDEX flags_comment ON flags (comment_id, at, id);

CREATE TABLE reactions (
    comment_id INTEGER NOT NULL REFERENCES comments (id),
    user_id INTEGER NOT NULL REFERENCES users (id),
    kind TEXT NOT NULL,
    PRIMARY KEY (comment_id, user_id)
) WITHOUT ROWID;
