"""The commands of `gatewayctl`, a file each: what its arguments are, and what it does."""
