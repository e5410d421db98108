"""Diagnostics of the running loop: looks at it ten times a second, answers testers, and never makes it wait."""
