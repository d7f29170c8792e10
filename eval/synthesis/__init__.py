"""Cases made from a collection itself, by rules and small models or by an LLM."""
