"""The tensor arena as TFLM lays it out: what is allocated, when and where."""
