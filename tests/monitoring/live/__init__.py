"""A gateway in front of services and Redis, watched by a real Prometheus and a real Alertmanager."""
