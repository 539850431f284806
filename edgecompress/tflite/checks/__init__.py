"""Whether a .tflite is one: checked once, right behind the reader. May use the graph."""
