"""Follow channels through a Keras model: atoms (`channels`), rules by layer, the walk (`follow`)."""
