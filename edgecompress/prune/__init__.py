"""What a channel or a weight is worth, and which go. Uses train, graph and what is below."""
