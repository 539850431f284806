"""A .tflite as a program of the C runtime: a straight list of kernel calls, and their memory."""
