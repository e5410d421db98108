"""Frame to Observation: detect, track, mesh, eyes, gaze, head pose, hands, picture quality, with uncertainty and visibility."""
