"""Keras models from every form they are stored in. Uses the ground (see docs/architecture.md)."""
