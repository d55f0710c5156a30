"""Temporal clusters that share one global namespace: starting their servers here, joining them, reaching each.

It promises: joining is idempotent and takes what is there already as it is; nothing listens beyond loopback; a cluster
that runs elsewhere (``started: false``) is reached and joined in the same way as one that was started here.
"""
