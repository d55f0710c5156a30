"""The questions that are asked of a bundle, each on its own, so that one problem hides no other.

A check yields its problems; where it yields none, it holds. It raises Unreadable where it cannot be made at all.
"""
