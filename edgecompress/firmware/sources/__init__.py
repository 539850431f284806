"""What `generate` writes: facts about model and board, put into templates."""
