"""Weights between two trainings."""

from __future__ import annotations

from collections.abc import Mapping

import torch

Weights = Mapping[str, torch.Tensor]


def blend(start: Weights, tuned: Weights, share: float) -> dict[str, torch.Tensor]:
    """Weights between the start (share 0) and what training made of it (share 1).

    Averaging both keeps most of the gain and loses less on other data (WiSE-FT, Wortsman et al. 2022,
    https://arxiv.org/abs/2109.01903).
    """
    return {name: torch.lerp(start[name].float(), tuned[name].float(), share) for name in start}
