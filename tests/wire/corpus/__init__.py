"""The corpus: bytes no gateway may forward, bytes every gateway must, and answers it must not believe."""
