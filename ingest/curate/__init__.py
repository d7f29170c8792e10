"""What a chunk should not be searched for, or should be known about, before it is indexed."""
