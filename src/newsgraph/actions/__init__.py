"""The only place that changes anything; every change appends its events in the same transaction."""
