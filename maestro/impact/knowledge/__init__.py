"""What is known about a pull request's lines and the tests: who executed them, who names them, who depends on them.

Knowledge only: no probability and no decision. Where something cannot be known, a sentence says so.
"""
