"""Near-infrared pictures of a posed figure in a cabin, with own shaders on OpenGL 3.3. Only ``drawable`` needs no GL.

Needs the extra ``synth`` (moderngl) and a libEGL; nothing here is imported before a picture is asked for.
"""
