"""Decisions as pure functions: moderation, ranking, access, sanitising."""
