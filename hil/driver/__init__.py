"""A synthetic infrared driver with exact ground truth: who he is, what he does, what the camera sees, and what is true."""
