"""What a run did, as JSON, HTML and terminal text."""
