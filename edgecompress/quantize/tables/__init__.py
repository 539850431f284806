"""Functions of single elements as tables of 256 values, where TFLM lacks a kernel for them."""
