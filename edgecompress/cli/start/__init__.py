"""What comes before the first run: what is installed, and a recipe to begin with."""
