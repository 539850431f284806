"""Epochs, steps, losses, batches, checkpoints; distillation. Uses graph and what is below."""
