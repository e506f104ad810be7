"""The attack table: requests that must be refused, and requests that pass without what was smuggled into them."""
