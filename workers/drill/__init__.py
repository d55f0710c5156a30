"""The drill: many pull requests on two real clusters while parts of them are killed, frozen and cut off.

What is injected follows from a seed alone (``faults``). What happened is read from outside (``reading``), without the
code that made it, and judged as plain data (``check``); ``report`` shows it. ``running`` puts them together.
"""
