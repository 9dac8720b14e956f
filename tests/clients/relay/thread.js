// A comment thread as a Relay app writes it. The compiler checks it against the schema; relay.mjs runs what it makes.

import { graphql } from "relay-runtime";

export const card = graphql`
  fragment thread_comment on Comment {
    id
    body
    replyCount
    author {
      name
      badges
    }
  }
`;

export const comments = graphql`
  fragment thread_comments on Article
  @refetchable(queryName: "threadPageQuery")
  @argumentDefinitions(first: { type: "Int", defaultValue: 20 }, after: { type: "String" }) {
    commentCount
    comments(first: $first, after: $after, orderBy: NEWEST) @connection(key: "thread_comments", filters: []) {
      liveCursor
      edges {
        node {
          id
          ...thread_comment
        }
      }
    }
  }
`;

export const query = graphql`
  query threadQuery($articleId: ID!) {
    node(id: $articleId) {
      ...thread_comments @alias
    }
  }
`;

export const live = graphql`
  subscription threadLiveSubscription($articleId: ID!, $after: StreamCursor, $connections: [ID!]!) {
    commentEvents(articleId: $articleId, after: $after) {
      __typename
      ... on StreamEvent {
        cursor
      }
      ... on StreamReset {
        reason
      }
      ... on CommentAdded {
        commentCount
        commentEdge @prependEdge(connections: $connections) {
          cursor
          node {
            id
            ...thread_comment
          }
        }
      }
      ... on CommentChanged {
        comment {
          id
          ...thread_comment
        }
      }
      ... on CommentRemoved {
        commentCount
        removedCommentId @deleteEdge(connections: $connections)
      }
    }
  }
`;

export const post = graphql`
  mutation threadPostMutation($input: PostCommentInput!, $connections: [ID!]!) {
    postComment(input: $input) {
      status
      userErrors {
        code
        message
      }
      commentEdge @prependEdge(connections: $connections) {
        cursor
        node {
          id
          ...thread_comment
        }
      }
    }
  }
`;

export const reply = graphql`
  mutation threadReplyMutation($input: PostCommentInput!, $connections: [ID!]!) {
    postComment(input: $input) {
      status
      commentEdge @appendEdge(connections: $connections) {
        cursor
        node {
          id
          ...thread_comment
        }
      }
    }
  }
`;
