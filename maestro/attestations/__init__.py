"""Attestations: in-toto statements in DSSE envelopes, those that Maestro signs and those that come with a pull request.

Outgoing statements are about the head's commit and tree, name everything else by digest, never hold a path of this
machine, and are the same bytes for the same contents. Incoming ones are believed only where a trusted key signed them
for this very head; whatever else is found is refused with a sentence and stops nothing.
"""
