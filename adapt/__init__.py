"""Fitting search to one collection: questions from its own text, labels, small learned pieces, gates."""
