"""The public face of the RAGAS metrics."""

from __future__ import annotations

import subprocess
import sys

import footnote.ragas
from eval.metrics import ragas


def test_every_metric_is_there_and_ragas_is_loaded_late() -> None:
    assert footnote.ragas.__all__ == ragas.__all__
    assert footnote.ragas.Faithfulness is ragas.Faithfulness
    script = "import sys, footnote.ragas; assert 'ragas' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True, timeout=120)
