"""A collection's curation policy, checked before it is stored."""

from __future__ import annotations

from ingest.curate.language import languages
from rag.errors import InvalidInput
from rag.store import Store
from rag.types import CurationPolicy


def set_policy(store: Store, collection: str, policy: CurationPolicy) -> CurationPolicy:
    """Store a policy and return it; raises NotFound, InvalidInput `unknown_language`."""
    unknown = sorted(set(policy.languages) - languages()) if policy.languages else []
    if unknown:
        raise InvalidInput(
            f"{unknown[0]!r} is no language that can be told from others.", code="unknown_language"
        )
    store.curation.set_policy(collection, policy)
    return policy
