"""How good a selection is on data that it has not seen: walk-forward, baselines, and the figures that compare them.

Every figure here is computed from earlier builds only, and every rate comes with the interval that its number of builds
allows.
"""
