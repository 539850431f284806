"""Constants of a model in fewer bytes, in the forms that TFLM's DECODE operator unpacks."""
