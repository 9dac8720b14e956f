// node mercurius.mjs DATABASE: Mercurius with its just-in-time compiler and its own loaders, their cache off.
import Fastify from 'fastify'
import mercurius from 'mercurius'
import { SDL, batch, plain } from './news.mjs'

const loader = load => ({ loader: async queries => load(queries), opts: { cache: false } })
const one = async (load, key) => load([key])[0]

const app = Fastify({ logger: false })
app.register(mercurius, {
  schema: SDL,
  jit: 1,
  resolvers: {
    ...plain,
    Query: {
      ...plain.Query,
      article: (_, { slug }) => one(batch.articles, slug),
      popularNow: () => one(batch.lists, 'popular'),
      mustReads: () => one(batch.lists, 'must-reads')
    }
  },
  loaders: {
    Article: {
      bodyHtml: loader(queries => batch.bodies(queries.map(({ obj }) => obj.row.id))),
      section: loader(queries => batch.sections(queries.map(({ obj }) => obj.row.section_id))),
      authors: loader(queries => batch.authors(queries.map(({ obj }) => obj.row.id))),
      comments: loader(queries => batch.comments(queries.map(({ obj, params }) => ({ row: obj.row, ...params })))),
      youMayAlsoLike: loader(queries => batch.lists(queries.map(({ obj }) => `related/${obj.row.id}`)))
    },
    Section: { latestStories: loader(queries => batch.lists(queries.map(({ obj }) => `latest/${obj.slug}`))) },
    RankedList: { items: loader(queries => batch.items(queries.map(({ obj, params }) => ({ list: obj, ...params })))) },
    Comment: { author: loader(queries => batch.users(queries.map(({ obj }) => obj.row.user_id))) }
  }
})
console.log(await app.listen({ port: 0, host: '127.0.0.1' }))
