"""The never-false-ready machine: seeded drives with ground truth through the decision core, hours of them, at signal level.

``script`` writes what happens in a drive, ``truth`` says from the script alone when the driver is not ready, ``stream`` turns the
script into records with the errors that the engines were measured to make, ``judge`` runs the core on them and counts the seconds
in which it said "ready" against the truth. No pictures, no clock, no chance but the seed.
"""
