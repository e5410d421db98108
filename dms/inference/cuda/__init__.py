"""The little of CUDA that running a network needs, on the driver API, behind one protocol with two implementations."""
