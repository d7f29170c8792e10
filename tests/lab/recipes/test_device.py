"""Recipes compute where they are told to."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from adapt.network import half
from lab.recipes.loop import Budget, Trainer, add_arguments, trained_weights, use


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    threads = torch.get_num_threads()
    yield
    torch.set_default_device("cpu")
    torch.set_num_threads(threads)


def test_the_processor_is_the_default() -> None:
    parser = ArgumentParser()
    add_arguments(parser)
    use(parser.parse_args([]))
    assert torch.zeros(1).device == torch.device("cpu")
    assert torch.get_num_threads() == 1


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused() -> None:
    with pytest.raises((RuntimeError, AssertionError)):
        use(Namespace(device="cuda", threads=1))
    assert torch.zeros(1).device == torch.device("cpu")


def test_batches_and_network_share_the_device(tmp_path: Path) -> None:
    """On the device without memory, as there is no second one here: nothing is left on the processor."""
    use(Namespace(device="meta", threads=1))
    net = torch.nn.Linear(3, 1, device="cpu")
    trainer: Trainer[torch.Tensor] = Trainer(net, lambda batch: net(batch).sum(), len, tmp_path, Budget(1))
    assert {weight.device.type for weight in net.parameters()} == {"meta"}
    assert net(torch.ones(2, 3)).device.type == "meta"
    assert trainer.state.step == 0


def test_weights_come_back_on_the_processor(tmp_path: Path) -> None:
    net = torch.nn.Linear(3, 1)
    budget = Budget(1, max_steps=1)
    Trainer(net, lambda batch: net(batch).sum(), len, tmp_path, budget).run(iter([torch.ones(2, 3)] * 2))
    found = trained_weights(tmp_path / "checkpoint.pt")
    assert torch.equal(found["weight"], net.weight)
    assert found["weight"].device.type == "cpu"


@pytest.mark.parametrize(
    ("able", "arithmetic"),
    [({"amx_bf16": True}, torch.bfloat16), ({"avx2": True, "amx_bf16": False}, torch.float32)],
)
def test_half_precision_where_the_processor_has_it(
    monkeypatch: pytest.MonkeyPatch, able: dict[str, bool], arithmetic: torch.dtype
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: able)
    with half():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == arithmetic
