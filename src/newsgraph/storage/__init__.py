"""The SQLite implementation of the ports."""
