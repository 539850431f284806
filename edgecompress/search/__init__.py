"""What to try next, and what came of it. Uses memory, prune, quantize and what is below."""
