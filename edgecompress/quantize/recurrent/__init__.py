"""Layers of sequences: how they are traced, what the converter makes of them, and its ranges."""
