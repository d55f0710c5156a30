"""Calibration: is the promise of a repository's model still kept, and is a newly fitted one better?

A model selects tests only while its file is signed, whole and its promise kept; whatever fails on the way means that
more tests run, never fewer. Promotion needs better savings at equal risk, on builds that neither model was fitted on.
"""
