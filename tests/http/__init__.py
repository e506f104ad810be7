"""The protocols on transports in memory, and the strict layer against tables, properties and another parser."""
