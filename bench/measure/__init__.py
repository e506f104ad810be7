"""The measuring half of the benchmarks: processes, load, rounds, memory and the report. Standard library only."""
