"""What is shipped goes back into a network that says the same."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertModel

from lab.recipes.reader.export import build_reader
from lab.recipes.reader.net import ReaderNet
from lab.recipes.reader.resume import load_reader

IDS = torch.tensor([[101, 2054, 2003, 102, 2166, 1029, 2009, 102]])
TYPES = torch.tensor([[0, 0, 0, 0, 1, 1, 1, 0]])


def make_net(folder: Path) -> ReaderNet:
    """A reader whose every tensor differs from the others, as trained ones do: equal ones share a place."""
    torch.manual_seed(1)
    net = ReaderNet(BertModel.from_pretrained(str(folder), add_pooling_layer=False)).eval()
    with torch.no_grad():
        for tensor in net.parameters():
            tensor.add_(0.05 * torch.randn_like(tensor))
    return net


def make_backbone(folder: Path, tokenizer: Path, width: int, layers: int) -> Path:
    torch.manual_seed(0)
    config = BertConfig(
        hidden_size=width, num_hidden_layers=layers, num_attention_heads=2, intermediate_size=2 * width
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    (folder / "tokenizer.json").write_bytes((tokenizer / "tokenizer.json").read_bytes())
    return folder


def test_an_exported_reader_comes_back(backbone: Path, tmp_path: Path) -> None:
    deep = make_backbone(tmp_path / "deep", backbone, 64, 3)
    net = make_net(deep)
    torch.save({"net": net.state_dict()}, tmp_path / "checkpoint.pt")
    build_reader(tmp_path, deep, tmp_path / "shipped")
    back = load_reader(tmp_path / "shipped", deep).eval()
    with torch.inference_mode():
        pairs = list(
            zip(net(IDS, torch.ones_like(IDS), TYPES), back(IDS, torch.ones_like(IDS), TYPES), strict=True)
        )
    assert all(torch.allclose(ours, theirs, atol=0.02) for ours, theirs in pairs)
    assert all(ours.abs().max() > 0.05 for ours, _ in pairs)  # else the line above could not fail


def test_a_reader_half_way_between_two_runs(backbone: Path, tmp_path: Path) -> None:
    deep = make_backbone(tmp_path / "deep", backbone, 64, 3)
    one, other, middle = make_net(deep), make_net(deep), make_net(deep)
    with torch.no_grad():
        for first, second, third in zip(
            one.parameters(), other.parameters(), middle.parameters(), strict=True
        ):
            second.add_(torch.randn_like(second))
            third.copy_((first + second) / 2)
    for name, net in (("one", one), ("other", other), ("middle", middle)):
        (tmp_path / name).mkdir()
        torch.save({"net": net.state_dict()}, tmp_path / name / "checkpoint.pt")
    build_reader(tmp_path / "other", deep, tmp_path / "mixed", start=tmp_path / "one")
    build_reader(tmp_path / "middle", deep, tmp_path / "wanted")
    mixed, wanted = (load_reader(tmp_path / name, deep).state_dict() for name in ("mixed", "wanted"))
    assert all(torch.allclose(mixed[name], wanted[name], atol=0.05) for name in wanted)
    assert not torch.allclose(mixed["heads.3.span.weight"], one.heads["3"].span.weight, atol=0.05)


def test_the_early_heads_begin_as_the_deepest(backbone: Path, tmp_path: Path) -> None:
    deep = make_backbone(tmp_path / "deep", backbone, 64, 3)
    net = make_net(deep)
    torch.save({"net": net.state_dict()}, tmp_path / "checkpoint.pt")
    build_reader(tmp_path, deep, tmp_path / "shipped")
    heads = load_reader(tmp_path / "shipped", deep).heads
    assert torch.equal(heads["2"].span.weight, heads["3"].span.weight)


def test_another_network_is_refused(backbone: Path, tmp_path: Path) -> None:
    shallow, deep = (make_backbone(tmp_path / str(n), backbone, 64, n) for n in (2, 3))
    net = make_net(shallow)
    torch.save({"net": net.state_dict()}, tmp_path / "checkpoint.pt")
    build_reader(tmp_path, shallow, tmp_path / "shipped")
    with pytest.raises(ValueError, match="no reader of 3 layers"):
        load_reader(tmp_path / "shipped", deep)
