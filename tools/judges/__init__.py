"""Judged pictures of the synthetic driver: a seeded set, what independent landmark networks see in it, and figures."""
