"""Attacks: tables of named cases, each what is sent and what must come back, against the whole server."""
