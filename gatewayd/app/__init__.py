"""The composition root: everything is built, connected, started and stopped here, and nowhere else."""
