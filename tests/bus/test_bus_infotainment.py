"""The head unit's status, and gestures with function, phase and reason."""

import pytest

from dms.bus.infotainment import TIMEOUT_S, HeadUnitReceiver, HeadUnitStatus
from dms.bus.layout import CLASSIC_DBC, load
from dms.bus.messages import Encoder, Protector
from dms.bus.port import CanFrame
from dms.bus.samples import GestureEvent
from dms.gesture.commands import CONTEXTS, FUNCTIONS
from dms.gesture.permission import REASONS

LAYOUT = load()


def status(protector: Protector, context: str = "Map", ack: str = "Done", count: int = 7) -> CanFrame:
    names = LAYOUT["HMI_Status"].signals
    codes = {"Hmi_Ctx": names["Hmi_Ctx"].names[context], "Hmi_GestAck": names["Hmi_GestAck"].names[ack], "Hmi_GestCnt": count}
    return protector.frame("HMI_Status", codes)


def test_context_and_acknowledgement_are_heard_and_grow_old():
    receiver, sender = HeadUnitReceiver(LAYOUT), Protector(LAYOUT)
    assert receiver.status(0.0) == HeadUnitStatus()
    assert receiver.feed(status(sender), 1.0)
    assert receiver.status(1.1) == HeadUnitStatus("map", 7, True)
    assert receiver.feed(status(sender, "CallIncoming", "Refused", 8), 1.2)
    assert receiver.status(1.2) == HeadUnitStatus("call_incoming", 8, False)
    assert receiver.status(1.2 + TIMEOUT_S + 0.01) == HeadUnitStatus()


def test_corrupt_repeated_and_empty_frames_say_nothing():
    receiver, sender = HeadUnitReceiver(LAYOUT), Protector(LAYOUT)
    good = status(sender)
    bad = CanFrame(good.can_id, bytes([*good.data[:-1], good.data[-1] ^ 1]), fd=True)
    assert not receiver.feed(bad, 1.0)
    assert not receiver.feed(CanFrame(good.can_id, bytes(8), fd=True), 1.0)
    assert receiver.feed(good, 1.0) and not receiver.feed(good, 1.1)
    assert receiver.status(1.0).context == "map"
    receiver.feed(status(sender, "SNA", "SNA", 255), 1.2)
    assert receiver.status(1.2) == HeadUnitStatus()


def test_a_set_without_head_unit_knows_no_context():
    receiver = HeadUnitReceiver(load(CLASSIC_DBC))
    assert not receiver.feed(status(Protector(LAYOUT)), 1.0) and receiver.status(1.0) == HeadUnitStatus()


@pytest.mark.parametrize("layout", [LAYOUT, load(CLASSIC_DBC)], ids=["fd", "classic"])
def test_functions_phases_and_reasons_have_codes(layout):
    message = layout["DMS_Gesture"]

    def sent(**event) -> tuple[str | None, str | None]:
        frame = Encoder(layout).gesture(GestureEvent(name="point", **event), 0)
        codes = message.unpack(frame.data)
        return message.signals["Gest_Fn"].label(codes["Gest_Fn"]), message.signals["Gest_Phase"].label(codes["Gest_Phase"])

    assert sent() == ("None", "NotDetermined")
    assert sent(function="volume_up", phase="repeat") == ("VolumeUp", "Repeat")
    assert sent(function="volume_up", phase="inhibited", reason="transition_demand") == ("InhTransitionDemand", "Inhibited")
    functions = {sent(function=word)[0] for word in FUNCTIONS}
    reasons = {sent(reason=word)[0] for word in REASONS}
    assert len(functions) == len(FUNCTIONS) and len(reasons) == len(REASONS) and "NotDetermined" not in functions | reasons
    assert {sent(phase=word)[1] for word in ("start", "repeat", "release", "cancel", "inhibited")} == {
        "Start", "Repeat", "Release", "Cancel", "Inhibited",
    }  # fmt: skip


def test_every_context_has_a_code():
    receiver, sender = HeadUnitReceiver(LAYOUT), Protector(LAYOUT)
    for n, word in enumerate(CONTEXTS):
        receiver.feed(status(sender, "".join(part.capitalize() for part in word.split("_"))), float(n))
        assert receiver.status(float(n)).context == word
