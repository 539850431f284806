"""What commands are given: options that they share, and data."""
