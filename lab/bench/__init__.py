"""How fast and how large: every figure beside what a bare library does in the same run."""
