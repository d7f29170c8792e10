"""Alembic's migrations of the store; rag/store/migrate.py runs them."""
