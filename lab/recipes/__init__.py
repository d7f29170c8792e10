"""How Footnote's small models are made: data packing, training, calibration and export. Needs the extra
`train`.
"""
