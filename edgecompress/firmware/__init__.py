"""Write, build and run firmware around a .tflite model. Uses memory, tflite, board."""
