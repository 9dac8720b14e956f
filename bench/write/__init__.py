"""What `bench/writes.py` is made of: bare inserts, the load client, and counting what reaches the disk."""
