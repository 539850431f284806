"""Operators that run patch by patch: what each patch must see, and the graph that does it."""
