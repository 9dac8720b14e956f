"""Tokens: from a string to claims and back."""
