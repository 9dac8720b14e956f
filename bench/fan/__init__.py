"""What `bench/fanout.py` is made of: the servers, the load client, and the table."""
