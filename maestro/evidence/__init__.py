"""Evidence that a stranger can check: one bundle per pull request, with everything that its decision rests on.

A bundle is a folder or an archive. ``contents.py`` says what goes into one, the index names every file by digest, and a
signed verification summary (SLSA VSA) names the index: from that one signature everything else follows. Nothing in a
bundle needs Maestro, its ledger or a network to be checked.
"""
