"""`python -m lab.bench`."""

import signal
import sys

from lab.bench.speed.command import main

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the services end with it
    sys.exit(main())
