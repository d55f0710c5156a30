"""What follows from what a forge tells: conducts that start, end and start again, and actions of reviewers.

- An event is a hint. How a pull request stands is asked of the forge, then and there.
- Everything may be done twice: a start joins, a cancellation finds nothing to cancel, an action has the delivery's id.
- ``delivering`` hands over to Temporal, for a webhook that has no time; ``worker`` follows, in any gateway.
"""
