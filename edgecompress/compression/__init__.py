"""Make a Keras model smaller: prune, distil, fine-tune, quantize, and choose between these."""
