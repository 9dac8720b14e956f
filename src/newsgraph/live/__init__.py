"""Tailing the log, waking streams, resuming from a cursor."""
