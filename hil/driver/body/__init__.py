"""The driver's body: asset, people, face units, lids, skeleton and hands. NumPy only."""
