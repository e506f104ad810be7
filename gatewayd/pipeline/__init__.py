"""The one way a request takes: from its head to the one place where it is observed."""
