"""Rules over the running measures: each module one rule of one family, asked every picture what it demands."""
