"""What the models of a run look at, as facts and as figures."""
