"""What of the tool chain is on this machine, and how to get the rest."""
