"""Signing: what Maestro states about itself, so that a later reader can tell whether somebody changed it.

Keys never leave their folder or device, what is verified is exactly the bytes that were signed, and a failed check
names which one failed. Envelopes are DSSE (https://github.com/secure-systems-lab/dsse), so other tools can check them
as well: ``seal`` and ``verify_envelope``, with the keys of ``open_evidence_keyring`` and the trust of ``TrustRoots``.

Not promised: that a statement's time is true. It is the signer's own claim, since no time-stamping authority is asked;
the signed checkpoints of the ledger's chain bound it from outside (``maestro/signing/trust.py`` says more).
"""
