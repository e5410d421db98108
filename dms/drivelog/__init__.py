"""Drive logs: recording, reading and salvage of MCAP files with pictures, CAN, records and truth labels."""
