"""Whether a model fits boards, what takes the room, and what would make it fit."""
