"""Picture sources behind one seam: stills, video files, drive logs, camera devices; ``dms.camera.open`` picks one."""
