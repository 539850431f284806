"""Does what a folder of `compress` or `generate` says still hold: all below may be used."""
