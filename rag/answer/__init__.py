"""From a question to a checked answer."""

import os

# Haystack reads this once, when it is imported; whatever of Footnote imports it passes through here first.
os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"
