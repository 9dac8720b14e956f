"""What actions and the schema ask of the outside: the contracts that storage and live fulfil."""
