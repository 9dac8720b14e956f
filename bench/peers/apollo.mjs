// node apollo.mjs DATABASE: Apollo Server as its documentation starts it, with a DataLoader for each relation.
import { ApolloServer } from '@apollo/server'
import { startStandaloneServer } from '@apollo/server/standalone'
import DataLoader from 'dataloader'
import { SDL, batch, plain } from './news.mjs'

const loaders = () => Object.fromEntries(
  Object.entries(batch).map(([name, load]) => [name, new DataLoader(async keys => load([...keys]))])
)

const server = new ApolloServer({
  typeDefs: SDL,
  resolvers: {
    Query: {
      ...plain.Query,
      article: (_, { slug }, { articles }) => articles.load(slug),
      popularNow: (_, __, { lists }) => lists.load('popular'),
      mustReads: (_, __, { lists }) => lists.load('must-reads')
    },
    Article: {
      ...plain.Article,
      bodyHtml: ({ row }, _, { bodies }) => bodies.load(row.id),
      section: ({ row }, _, { sections }) => sections.load(row.section_id),
      authors: ({ row }, _, { authors }) => authors.load(row.id),
      comments: ({ row }, { first }, { comments }) => comments.load({ row, first }),
      youMayAlsoLike: ({ row }, _, { lists }) => lists.load(`related/${row.id}`)
    },
    Section: { latestStories: ({ slug }, _, { lists }) => lists.load(`latest/${slug}`) },
    RankedList: { items: (list, { first }, { items }) => items.load({ list, first }) },
    Comment: { ...plain.Comment, author: ({ row }, _, { users }) => users.load(row.user_id) }
  }
})
const { url } = await startStandaloneServer(server, {
  listen: { port: 0, host: '127.0.0.1' },
  context: async () => loaders()
})
console.log(url)
