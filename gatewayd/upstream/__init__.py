"""Getting an answer: which target, and a connection to it."""
