"""What `bench/reads.py` and `bench/growth.py` are made of: databases, servers, the load client, and the tables."""
