"""Compile and link a generated project against a TFLM; read what came of it."""
