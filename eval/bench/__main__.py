"""`python -m eval.bench`."""

import signal
import sys

from eval.bench.command import main

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the services end with it
    sys.exit(main())
