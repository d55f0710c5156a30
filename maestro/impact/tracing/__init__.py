"""Traces what fails at night to the pull request that owes it.

``search`` decides what to run next and what each failure is, ``subject`` says where a search begins, ``sights`` reads
what a probe saw, ``lineage`` knows which pull request brought a commit. An escape is only called one after the test was
run on both sides of what broke it; whatever cannot be settled is named as such.
"""
