"""The package from Python: what its functions take by name, by path or as it is."""
