"""The strict layers against mutated messages: however the bytes come, they mean the same, and nothing dirty leaves."""
