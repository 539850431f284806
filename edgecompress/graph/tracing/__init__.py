"""Follow channels through a Keras model: atoms (`channels`), layer rules, the walk (`follow`)."""
