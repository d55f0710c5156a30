"""Signing: what Maestro states about itself, so that a later reader can tell whether somebody changed it.

Keys never leave their folder, what is verified is exactly the bytes that were signed, and a failed check names which
one failed. Envelopes are DSSE (https://github.com/secure-systems-lab/dsse), so other tools can check them as well.
"""
