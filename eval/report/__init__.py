"""A run for people and for programs: html.py, markdown.py, json.py; files.py writes all of them."""
