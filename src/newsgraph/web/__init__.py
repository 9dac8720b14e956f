"""HTTP and WebSocket: routes, pages, GraphiQL."""
