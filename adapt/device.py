"""Where a recipe computes: the processor, or a GPU where there is one."""

from __future__ import annotations

import argparse

import torch


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


def half() -> torch.autocast:
    """bfloat16 arithmetic on the device in use."""
    return torch.autocast(torch.get_default_device().type, torch.bfloat16)
