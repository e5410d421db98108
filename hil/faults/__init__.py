"""Faults put into the closed loop, and the matrix of fault by state of the drive: how soon the receiver knows."""
