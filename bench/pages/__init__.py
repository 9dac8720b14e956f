"""Article pages whose rows are in memory, so that executing them is all that costs anything."""
