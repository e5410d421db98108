"""What is true about each synthetic picture: labels, how much of it the picture shows, and the stores they go into."""
