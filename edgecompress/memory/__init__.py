"""Judge a .tflite model's memory against a board. Uses tflite and board: no TensorFlow."""
