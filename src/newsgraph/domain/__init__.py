"""What exists and what can happen. No I/O, nothing but the standard library."""
