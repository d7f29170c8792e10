"""Values of a claim compared outright with those of its evidence, before any model speaks."""
