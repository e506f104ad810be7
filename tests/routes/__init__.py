"""Tests of the route tree, and what tests of matching share with them."""
