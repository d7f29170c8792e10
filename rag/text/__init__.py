"""Plain text by rule: where sentences end, and which words say nothing. No model, no data."""
