"""The static import graph of a Python repository, and what a changed file can reach in it.

Reads syntax trees only, executes nothing. Where the graph cannot judge a change it says so, with the file's name: the
selection then takes more, never less.
"""
