// What the Node.js servers share: the statements, batch functions that read many things at once, and plain fields.
import { readFileSync } from 'node:fs'
import Database from 'better-sqlite3'

export const SDL = readFileSync(new URL('schema.graphql', import.meta.url), 'utf8')

const db = new Database(process.argv[2], { fileMustExist: true })
db.pragma('query_only = ON')
db.pragma('cache_size = -16000')
const among = (columns, table, key) =>
  db.prepare(`SELECT ${columns} FROM ${table} AND ${key} IN (SELECT value FROM json_each(?))`)
const head = db.prepare('SELECT epoch, last_seq FROM stream')
const allSections = db.prepare('SELECT id, slug, name FROM sections ORDER BY position')
const comments = db.prepare(`
  SELECT * FROM comments WHERE article_id = ? AND parent_id IS NULL AND listed = 1
  ORDER BY created_at DESC, tie DESC LIMIT ?`)
const authors = db.prepare(`
  SELECT x.article_id, w.slug, w.name, w.email FROM article_authors AS x JOIN authors AS w ON w.id = x.author_id
  WHERE x.article_id IN (SELECT value FROM json_each(?)) ORDER BY x.article_id, x.position`)
const byId = among('*', 'articles WHERE shown_at IS NOT NULL', 'id')
const bySlug = among('*', 'articles WHERE shown_at IS NOT NULL', 'slug')
const bodies = among('article_id, html', 'article_bodies WHERE true', 'article_id')
const sections = among('id, slug, name', 'sections WHERE true', 'id')
const users = among('id, name', 'users WHERE true', 'id')
const lists = among('key, title, version, items', 'ranked_lists WHERE true', 'key')

const globalId = (type, key) => Buffer.from(`${type}:${key}`).toString('base64')
const opaque = text => Buffer.from(text).toString('base64url')
const written = ms => ms === null ? null : new Date(ms).toISOString().replace('.000Z', 'Z')

/** Rows in the order of the keys that were asked for. */
function inOrder (statement, key, keys) {
  const found = new Map(statement.all(JSON.stringify(keys)).map(row => [row[key], row]))
  return keys.map(wanted => found.get(wanted) ?? null)
}

const article = row => row && {
  row,
  id: globalId('Article', row.id),
  slug: row.slug,
  url: row.url,
  headline: row.headline,
  standfirst: row.standfirst,
  publishedAt: written(row.published_at),
  updatedAt: written(row.updated_at),
  readingMinutes: row.reading_minutes,
  viewCount: row.view_count,
  commentCount: row.comment_count
}

const comment = row => ({
  row,
  id: globalId('Comment', row.id),
  body: row.status === 'PUBLISHED' ? row.body : null,
  status: row.status,
  createdAt: written(row.created_at),
  editedAt: written(row.edited_at),
  replyCount: row.reply_count
})

const edge = row => ({ cursor: opaque(`["newest",${row.created_at},${row.id}]`), node: comment(row) })

function page (row, first) {
  const rows = comments.all(row.id, first + 1)
  const edges = rows.slice(0, first).map(edge)
  const { epoch, last_seq: seq } = head.get()
  return {
    edges,
    pageInfo: { hasNextPage: rows.length > first, endCursor: edges.at(-1)?.cursor ?? null },
    totalCount: row.thread_count,
    liveCursor: opaque(`${epoch}.${seq}`)
  }
}

const shown = (list, first) => list.ranked.slice(0, first ?? (list.key.startsWith('latest') ? 6 : 5))

export const batch = {
  articles: slugs => inOrder(bySlug, 'slug', slugs).map(article),
  bodies: ids => inOrder(bodies, 'article_id', ids).map(row => row.html),
  sections: ids => inOrder(sections, 'id', ids),
  users: ids => inOrder(users, 'id', ids),
  comments: pages => pages.map(({ row, first }) => page(row, first)),
  authors (ids) {
    const found = new Map(ids.map(id => [id, []]))
    for (const row of authors.all(JSON.stringify(ids))) found.get(row.article_id).push(row)
    return ids.map(id => found.get(id))
  },
  lists (keys) {
    const { epoch } = head.get()
    return inOrder(lists, 'key', keys).map(row => row && {
      key: row.key, title: row.title, version: opaque(`${epoch}.${row.version}`), ranked: JSON.parse(row.items)
    })
  },
  /** Items of many lists, with one statement for all their articles. */
  items (asked) {
    const tops = asked.map(({ list, first }) => shown(list, first))
    const ids = [...new Set(tops.flat().map(([id]) => id))]
    const rows = new Map(inOrder(byId, 'id', ids).filter(Boolean).map(row => [row.id, row]))
    const names = new Map(allSections.all().map(section => [section.id, section.name.toUpperCase()]))
    return tops.map(top => ({
      edges: top.flatMap(([id, , pinned], place) => {
        const row = rows.get(id)
        return row ? [{ rank: place + 1, label: names.get(row.section_id), pinned: !!pinned, node: article(row) }] : []
      })
    }))
  }
}

// Resolvers that need no loader
export const plain = {
  Query: { sections: () => allSections.all() },
  Article: {
    leadImage ({ row }) {
      if (row.lead_image === null) return null
      const [url, alt, caption, credit] = JSON.parse(row.lead_image)
      return { url, alt, caption, credit }
    },
    adSlots: ({ row }) => JSON.parse(row.ad_slots).map(([number, position]) => ({ number, position })),
    commentPolicy: ({ row }) => ({
      open: !!row.comments_open && (row.comments_close_at === null || Date.now() < row.comments_close_at),
      minLength: 1,
      maxLength: row.comment_max_length ?? 300,
      mode: row.comment_mode ?? 'POST'
    })
  },
  Comment: {
    reactions: ({ row }) => [['LIKE', row.likes], ['INSIGHTFUL', row.insightfuls], ['DISAGREE', row.disagrees]]
      .filter(([, count]) => count).map(([kind, count]) => ({ kind, count }))
  }
}
