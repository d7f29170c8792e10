"""The JSON of the HTTP contract, one concept a file; each model shows an example."""
