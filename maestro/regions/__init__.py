"""Whether a region keeps its promise, and whether the namespace should move to another cluster because it does not.

Pure: results of probes, figures and the ledger's time come in, states and decisions with their reasons go out; same
input, same output. ``probes`` judges a measurement, ``windows`` adds results up, ``burn`` turns them into a region's
state, ``failover`` decides, ``rules`` asks policy. Nothing here measures, moves or stores anything.

What is promised: one bad probe changes nothing, and a region of which nobody knows anything is not healthy. No failover
to a side that is not healthy, none while one runs, none that policy does not allow in so many words, and none sooner
than the limit, which doubles. What is not promised here is that only one region acts: that is the ledger's epoch. A
wrong judgement, as of a prober that is itself cut off, can cost time; it cannot repeat an effect.
"""
