"""How each operator becomes kernel calls, by kind."""
