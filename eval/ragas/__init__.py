"""Footnote's checker and encoder as parts of RAGAS; the only place that knows RAGAS.

RAGAS sends usage events unless RAGAS_DO_NOT_TRACK is `true` by the time it first would, and remembers what
it read; hence the assignment here, ahead of any import of it below this package. `false` in the environment
is respected.
"""

import os

os.environ.setdefault("RAGAS_DO_NOT_TRACK", "true")
