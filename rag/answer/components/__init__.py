"""Haystack components: each stage of an answer, for any Haystack pipeline. Importing one loads Haystack."""
