"""Where buffers with lifetimes lie so that they take little memory together."""
