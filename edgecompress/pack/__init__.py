"""Less arena and a smaller file for equal outputs: operator order, memory plan, file."""
