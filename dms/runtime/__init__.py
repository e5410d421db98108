"""The loop: clock, threads, configuration, replay. The only room that reads a clock."""
