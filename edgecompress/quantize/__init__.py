"""Float to integers: ranges, converter, remedies, training with rounding. Uses train and below."""
