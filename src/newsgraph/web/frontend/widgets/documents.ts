/** Every operation of the widgets. What depends on the viewer is asked for by itself, so that the rest can be shared. */

const CARD = `
fragment Card on Comment {
  id body createdAt editedAt editableUntil depth replyCount permalink featured
  author { id name badges }
  parent { id }
  reactions { kind count }
}`;

const REPLIES = `replies(first: 3) { pageInfo { hasNextPage endCursor } edges { node { ...Card } } }`;
const USER_ERRORS = `userErrors { code message limit actual retryAt }`;

const POLICY = `commentPolicy { open closesAt mode minLength maxLength maxDepth }`;

export const THREAD = `
query NewsgraphThread($article: ID!, $first: Int!, $after: String, $orderBy: CommentOrder!, $focus: ID) {
  node(id: $article) {
    ... on Article {
      commentCount
      ${POLICY}
      comments(first: $first, after: $after, orderBy: $orderBy, focus: $focus) {
        liveCursor
        pageInfo { hasNextPage endCursor }
        edges { cursor node { ...Card ${REPLIES} } }
      }
    }
  }
}${CARD}`;

export const REPLIES_OF = `
query NewsgraphReplies($id: ID!, $first: Int!, $after: String) {
  node(id: $id) {
    ... on Comment {
      replies(first: $first, after: $after) {
        pageInfo { hasNextPage endCursor }
        edges { node { ...Card ${REPLIES} } }
      }
    }
  }
}${CARD}`;

/** Branches that were opened further than a page shows them, all at once: ten of them cost half of what they may. */
export const OPENED = `
query NewsgraphOpened($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on Comment {
      id
      replies(first: 50) { pageInfo { hasNextPage endCursor } edges { node { ...Card } } }
    }
  }
}${CARD}`;

export const VIEWER = `
query NewsgraphViewer($article: ID!) {
  viewer {
    name
    commenter { id }
    pendingComments(articleId: $article, first: 20) { pageInfo { hasNextPage endCursor } edges { node { ...Card } } }
  }
  node(id: $article) { ... on Article { commentPolicy { viewerMayPost viewerWaitUntil } } }
}${CARD}`;

export const VIEWER_REACTIONS = `
query NewsgraphReactions($ids: [ID!]!) { nodes(ids: $ids) { ... on Comment { id viewerReaction } } }`;

export const COMMENT_EVENTS = `
subscription NewsgraphComments($article: ID!, $after: StreamCursor) {
  commentEvents(articleId: $article, after: $after) {
    __typename
    ... on StreamEvent { cursor }
    ... on CommentAdded { commentCount commentEdge { cursor node { ...Card parent { id replyCount } } } }
    ... on CommentChanged { comment { ...Card } }
    ... on CommentRemoved { removedCommentId parentId commentCount }
  }
}${CARD}`;

/** Comments may be closed, or held from now on, while somebody writes. */
export const ARTICLE_EVENTS = `
subscription NewsgraphArticle($article: ID!, $after: StreamCursor) {
  articleEvents(articleId: $article, after: $after) {
    __typename
    ... on StreamEvent { cursor }
    ... on ArticleChanged { article { commentCount ${POLICY} } }
    ... on ArticleRetracted { articleId }
  }
}`;

export const POST = `
mutation NewsgraphPost($input: PostCommentInput!) {
  postComment(input: $input) { status commentEdge { node { ...Card } } ${USER_ERRORS} }
}${CARD}`;

export const EDIT = `
mutation NewsgraphEdit($input: EditCommentInput!) {
  editComment(input: $input) { comment { status ...Card } ${USER_ERRORS} }
}${CARD}`;

export const REMOVE = `
mutation NewsgraphRemove($input: RemoveCommentInput!) { removeComment(input: $input) { ${USER_ERRORS} } }`;

export const REACT = `
mutation NewsgraphReact($input: ReactToCommentInput!) {
  reactToComment(input: $input) { comment { ...Card viewerReaction } ${USER_ERRORS} }
}${CARD}`;

export const FLAG = `
mutation NewsgraphReport($input: FlagCommentInput!) { flagComment(input: $input) { ${USER_ERRORS} } }`;

export const HEAD = `query NewsgraphHead { streamHead }`;

const RANKED = `
fragment Ranked on RankedList {
  key title kind version
  section { slug }
  items(first: $first) { edges { rank label node { id url headline publishedAt } } }
}`;

export const LIST = `
query NewsgraphList($key: String!, $first: Int) { rankedList(key: $key) { ...Ranked } }${RANKED}`;

export const LIST_EVENTS = `
subscription NewsgraphListEvents($key: String!, $first: Int, $after: StreamCursor) {
  rankedListEvents(key: $key, after: $after) {
    __typename
    ... on StreamEvent { cursor }
    ... on RankedListChanged { list { ...Ranked } }
  }
}${RANKED}`;

export const COUNTS = `
query NewsgraphCounts($ids: [ID!]!) {
  nodes(ids: $ids) { ... on Article { id commentCount comments(first: 1) { liveCursor } } }
}`;

export const COUNT_EVENTS = `
subscription NewsgraphCount($article: ID!, $after: StreamCursor) {
  commentEvents(articleId: $article, after: $after) {
    __typename
    ... on StreamEvent { cursor }
    ... on CommentAdded { commentCount }
    ... on CommentRemoved { commentCount }
  }
}`;
