"""Replicas of the store that answer searches, and the fusion of their rankings."""

from rag.index.manager import IndexManager

__all__ = ["IndexManager"]
