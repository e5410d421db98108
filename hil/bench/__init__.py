"""The closed loop: a driver acts, the product perceives, judges and publishes, the controller decides, the driver reacts.

``scenario`` files say what happens and what is expected, ``bench`` plays one on a ``clock``, ``driver`` shows the driver as
signals or as pictures, ``device`` is the product in lock-step, ``seams`` are the places where faults can be put in, ``timeline``
keeps what happened, ``verdict`` judges it by the ``expectation``s, ``result`` tells. From a program: ``docs/hil.md``.
"""
