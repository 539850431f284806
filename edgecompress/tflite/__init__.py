"""Read .tflite files and run them; no TensorFlow."""
