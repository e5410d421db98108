"""The camera between a rendered radiance picture and an 8-bit frame: mounting, lens, sensor, exposure control.

``rig.rig`` chooses a camera and its place in a cabin, ``pipeline.CameraModel`` takes pictures with it.
"""
