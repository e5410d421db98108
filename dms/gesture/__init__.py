"""Cockpit control by gesture: hands over time to commands, with the rules of when no hand may command anything.

Nothing here looks at pictures, reads a clock or sends anything. Unknown resets: hands that could not be looked for
command nothing.
"""

from dms.gesture.commands import Commands, load_commands
from dms.gesture.events import Act, HandSeen, Moved
from dms.gesture.permission import inhibited
from dms.gesture.session import GestureSession
from dms.gesture.settings import Interaction, load_interaction

__all__ = [
    "Act",
    "Commands",
    "GestureSession",
    "HandSeen",
    "Interaction",
    "Moved",
    "inhibited",
    "load_commands",
    "load_interaction",
]
