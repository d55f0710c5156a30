"""The failover controller: it probes every region, and one of them at a time moves the namespace.

It promises: only the holder of the ledger's lease decides; the epoch is raised in the ledger, with the failover's row
and its decision record, before anything is asked of Temporal; a failover that its controller did not end is ended by
the next one; whatever moved past it is taken over into the ledger. ``python -m workers.controller`` is the process.
"""
