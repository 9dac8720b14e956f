"""The Strawberry schema and its resolvers."""
