"""Judge a .tflite model's memory against a board, without TensorFlow or a compiler."""
