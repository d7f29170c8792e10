"""One plain training loop for every small model: a wall-clock schedule, bfloat16 autocast, resumable
checkpoints.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import nn

Batch = TypeVar("Batch")


@dataclass(frozen=True)
class Budget:
    """How long and how fast to train. The rate follows elapsed minutes, so that a run ends when it was told
    to.
    """

    minutes: float
    learning_rate: float = 1.2e-4
    head_rate: float = 5e-4
    warmup: float = 0.04
    weight_decay: float = 0.01
    save_minutes: float = 4.0
    max_steps: int = 0


@dataclass
class State:
    """What a checkpoint remembers besides the tensors."""

    step: int = 0
    elapsed: float = 0.0
    tokens: int = 0
    loss: float = 0.0


def rate(progress: float, warmup: float) -> float:
    """Linear warm-up to 1, then linear decay to 0 at progress 1."""
    if progress < warmup:
        return progress / warmup
    return max(0.0, (1 - progress) / (1 - warmup))


class Trainer(Generic[Batch]):
    """Trains `net` on batches until the budget's minutes are used; `resume` goes on from a checkpoint."""

    def __init__(
        self,
        net: nn.Module,
        loss: Callable[[Batch], torch.Tensor],
        size: Callable[[Batch], int],
        folder: Path,
        budget: Budget,
    ) -> None:
        self._net, self._loss, self._size = net.to(torch.get_default_device()), loss, size
        self._folder, self._budget = folder, budget
        self._optimizer = torch.optim.AdamW(parameter_groups(net, budget), fused=True)
        self._base = [float(group["lr"]) for group in self._optimizer.param_groups]
        self.state = State()

    def run(self, batches: Iterator[Batch]) -> State:
        """Train to the end of the budget; a checkpoint is written every `save_minutes` and at the end."""
        self._folder.mkdir(parents=True, exist_ok=True)
        saved = last = time.monotonic()
        for batch in batches:
            if self._done():
                break
            self._step(batch)
            now = time.monotonic()
            self.state.elapsed, last = self.state.elapsed + now - last, now
            if self.state.step % 50 == 0:
                self._report()
            if now - saved > self._budget.save_minutes * 60:
                self.save()
                saved = time.monotonic()
        self.save()
        return self.state

    def save(self) -> None:
        """Write the checkpoint under a temporary name first, so that a kill never leaves half a file."""
        path = self._folder / "checkpoint.pt"
        tensors = {
            "net": self._net.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "state": asdict(self.state),
        }
        torch.save(tensors, path.with_suffix(".tmp"))
        path.with_suffix(".tmp").replace(path)

    def resume(self) -> bool:
        """Load the folder's checkpoint when there is one; says whether there was."""
        path = self._folder / "checkpoint.pt"
        if not path.exists():
            return False
        tensors = _read(path)
        self._net.load_state_dict(tensors["net"])
        self._optimizer.load_state_dict(tensors["optimizer"])
        self.state = State(**tensors["state"])
        return True

    def _done(self) -> bool:
        steps = self._budget.max_steps
        return self.state.elapsed >= self._budget.minutes * 60 or bool(steps and self.state.step >= steps)

    def _step(self, batch: Batch) -> None:
        scale = rate(self.state.elapsed / (self._budget.minutes * 60), self._budget.warmup)
        for group, base in zip(self._optimizer.param_groups, self._base, strict=True):
            group["lr"] = base * max(scale, 0.01)
        value = self._loss(batch)
        value.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._net.parameters(), 1.0)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self.state.step += 1
        self.state.tokens += self._size(batch)
        self.state.loss += 0.02 * (value.item() - self.state.loss) if self.state.step > 1 else value.item()

    def _report(self) -> None:
        print(json.dumps({k: round(v, 4) for k, v in asdict(self.state).items()}), flush=True)


def trained_weights(path: Path) -> dict[str, torch.Tensor]:
    """The network's tensors in a checkpoint, on the processor, wherever they were trained."""
    weights: dict[str, torch.Tensor] = _read(path)["net"]
    return weights


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
    return found


def parameter_groups(net: nn.Module, budget: Budget) -> list[dict[str, object]]:
    """Body and heads at their own rates; the body's word embeddings stay frozen (half the weights, no gain
    in hours).
    """
    body: list[nn.Parameter] = []
    heads: list[nn.Parameter] = []
    for name, parameter in net.named_parameters():
        parameter.requires_grad = "word_embeddings" not in name
        if parameter.requires_grad:
            (body if name.startswith("body.") else heads).append(parameter)
    return [
        {"params": body, "lr": budget.learning_rate, "weight_decay": budget.weight_decay},
        {"params": heads, "lr": budget.head_rate, "weight_decay": budget.weight_decay},
    ]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options that `use` takes."""
    parser.add_argument("--device", default="cpu", help="cpu, or cuda for a GPU")
    parser.add_argument("--threads", type=int, default=1)


def use(args: argparse.Namespace) -> None:
    """From here on every new tensor is on `args.device`, and torch has `args.threads` threads.

    Raises RuntimeError for a device that is not there.
    """
    torch.set_num_threads(args.threads)
    torch.zeros(1, device=args.device)  # a missing GPU is told before the data are read
    torch.set_default_device(args.device)
