"""Where a pull request runs: the cheapest region, in dollars, of those that are healthy and that policy allows.

Pure: measurements, prices and the time come in, a ``Placement`` with its reasons goes out. Same input, same output.
Where no region is left, the answer is to wait for a named reason, never the least bad region.
"""
