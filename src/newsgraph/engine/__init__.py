"""Running operations: what any GraphQL server with live streams needs, whatever its schema is about."""
