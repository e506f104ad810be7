"""What is wrong with a configuration, all of it at once."""
