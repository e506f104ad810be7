"""What can be configured: frozen values, one file per section."""
