"""Where kept answers are: in memory, bounded in bytes, and forgotten by URL, by prefix and by tag."""
