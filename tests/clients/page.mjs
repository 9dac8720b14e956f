// What the clients with a cache of their own have in common: one page of comments, and what is shown of it.

import { answers, say } from "./shared.mjs";

const card = "fragment Card on Comment { id body createdAt replyCount author { id name } }";

export const page = `
  query Page($articleId: ID!) {
    node(id: $articleId) {
      ... on Article {
        id
        commentCount
        comments(first: 20, orderBy: NEWEST) {
          totalCount
          liveCursor
          pageInfo { hasNextPage endCursor }
          edges { cursor node { ...Card } }
        }
      }
    }
  }
  ${card}
`;

export const live = `
  subscription Live($articleId: ID!, $after: StreamCursor) {
    commentEvents(articleId: $articleId, after: $after) {
      __typename
      ... on StreamEvent { cursor }
      ... on StreamReset { reason }
      ... on CommentAdded { parentId commentCount commentEdge { cursor node { ...Card } } }
      ... on CommentChanged { comment { ...Card } }
      ... on CommentRemoved { removedCommentId parentId commentCount }
    }
  }
  ${card}
`;

export const post = `
  mutation Post($input: PostCommentInput!) {
    postComment(input: $input) { status userErrors { code message } }
  }
`;

export function shown(article) {
  const bodies = article.comments.edges.map(({ node }) => node.body);
  say({ page: { count: article.commentCount, bodies } });
}

/** Calls back for each line that the test says: a comment to post. */
export async function told(callback) {
  for await (const line of answers) callback(line);
}
