"""The risk of leaving tests out: how much of it a pull request may take, and what a selection leaves of it.

An escape is a failing test that nobody ran before the merge. τ bounds the probability of a green pull request with an
escape, given that the pull request breaks something; whatever is computed here comes with its reasons.
"""
