"""Claims about values with planted errors: what comparing values alone catches."""

from __future__ import annotations

from lab.recipes.checker.planted import labels, planted_claims

LEAST_CAUGHT, MOST_ACCUSED = 0.9, 0.02


def test_planted_errors_are_caught_and_true_claims_are_not_accused() -> None:
    for kind, counts in labels(planted_claims(60, seed=11), with_net=False).items():
        accused = counts["contradicted"] / counts.total()
        if kind.endswith("(true)"):
            assert accused <= MOST_ACCUSED, kind
        else:
            assert accused >= LEAST_CAUGHT, kind


def test_the_same_seed_makes_the_same_claims() -> None:
    assert planted_claims(3, seed=2) == planted_claims(3, seed=2)
    assert planted_claims(3, seed=2) != planted_claims(3, seed=3)
