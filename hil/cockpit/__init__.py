"""A small simulated infotainment head unit: its own process on the bus, steered by gestures alone, shown as a web page."""
