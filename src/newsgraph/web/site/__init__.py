"""The news site: pages for people, made of the same operations that any client may send."""
