"""The reference page and the JSON Schema, made from the models."""
