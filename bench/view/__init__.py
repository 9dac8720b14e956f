"""What `bench/views.py` is made of: the flood over HTTP, the same in process, and the bare updates."""
