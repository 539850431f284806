"""A Keras model as a graph: walked, rebuilt, folded, cut. Uses keras_files."""
