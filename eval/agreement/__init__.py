"""How far a metric agrees with people: `footnote eval agreement`."""
