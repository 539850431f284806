"""Commands that measure models on data, side by side."""
