"""Policies: read from a folder, checked, asked. A policy that is undefined, broken or answers in another shape denies.

``bundle`` reads and checks the folder, ``engine`` asks; what the answers mean is said where they are used (placement,
decision, network). The folder has the layout of an OPA bundle, so an OPA server can be asked instead.
"""
