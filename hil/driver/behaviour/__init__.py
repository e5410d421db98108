"""What a driver does over time: scenario files, the driver model on a timeline, and the closed loop. No pictures here."""
