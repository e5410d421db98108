"""The text form: field names and order of the contract, line numbers, time that may not run backwards."""

import json

import pytest

from dms.errors import RecordError
from dms.records import (
    Attention,
    Availability,
    Blink,
    Calibration,
    Drowsiness,
    Eye,
    Face,
    Foretold,
    Gaze,
    Hand,
    Head,
    Health,
    Image,
    LockedOut,
    Mouth,
    Objects,
    Observation,
    ProfileId,
    Requests,
    TakeoverReadiness,
    VehicleState,
    Warning,
)  # fmt: skip
from dms.records.jsonl import decode_input, decode_state, encode, read_input

OBSERVATION = (
    b'{"schema":"dms.observation/1","t":0.5667,"source":"drive.mp4","frame":17,'
    b'"face":{"present":true,"confidence":0.97,"box_px":[10.0,20.0,110.0,130.0]},'
    b'"head":{"forward_camera":[0.0,0.0,-1.0],"up_camera":[0.0,-1.0,0.0],"position_camera_mm":[1.0,2.0,650.0],'
    b'"yaw_deg":0.0,"pitch_deg":0.0,"roll_deg":0.0,"std_deg":3.0},'
    b'"gaze":{"direction_camera":[0.0,0.0,-1.0],"origin_camera_mm":[1.0,2.0,650.0],"yaw_deg":0.0,"pitch_deg":0.0,"std_deg":5.0,"driver":null},'
    b'"eyes":{"left":{"visible":0.98,"opening_mm":9.1,"opening_std_mm":0.6,"openness":0.92,"closed":0.01,'
    b'"iris_px":[51.0,62.5,7.0,6.5,-12.0],"pupil_px":null},'
    b'"right":{"visible":0.1,"opening_mm":null,"opening_std_mm":null,"openness":null,"closed":null,'
    b'"iris_px":null,"pupil_px":null}},'
    b'"mouth":{"opening_mm":3.0,"yawn":0.02},'
    b'"hands":[{"side":"right","confidence":0.9,"landmarks_px":[[1.0,2.0]],"fingers":5,"gesture":"open_palm",'
    b'"gesture_confidence":0.95}],'
    b'"objects":{"phone":0.01,"sunglasses":0.0,"mask":null},'
    b'"image":{"mean":81.0,"sharpness":120.5,"saturated":0.0,"blocked":0.0,"frozen":false},"late":[],"hands_t":null,"zone":null}'
)
STATE = (
    b'{"schema":"dms.state/1","t":12.5,"readiness":"ready","readiness_score":0.93,"takeover_time_s":1.8,'
    b'"takeover_interval_s":[1.0,2.6],"confidence":0.9,"level":4,'
    b'"attention":{"zone":"road","eyes_off_road_s":0.0,"cumulative_off_30s":2.1,"attentive":true,"criterion":"gaze_road",'
    b'"calibration":{"progress":0.42,"yaw_deg":1.5,"pitch_deg":-4.25},"buffer_s":1.85,'
    b'"zone_probability":0.91,"road_probability":0.91},'
    b'"availability":{"available":true,"criteria":{"blink":1.2,"head_movement":0.4},"valid":3,"monitorable":4},'
    b'"drowsiness":{"kss":4.0,"perclos_60s":0.05,"mean_closure_s":0.18,"event":null,"blinks_total":31,'
    b'"last_blink":{"start":81.02,"end":81.21,"amplitude":0.8},'
    b'"kss_std":0.9,"foretold":{"microsleep":0.02,"sleep":0.0,"nod":0.1},'
    b'"alertness":"alert","baseline":"frozen","baseline_mm":9.2,"p80_60s":0.05,"p80_180s":0.04,"p70_60s":0.06,"p70_180s":0.05,'
    b'"long_closures_60s":2,"long_closure_share_60s":0.03,"blinks_60s":14,"nods_total":1,"yawns_total":2,'
    b'"driven_s":3600.0,"since_break_s":3700.5},'
    b'"warning":{"class":"phone","stage":2},'
    b'"requests":{"hands_on":1,"eyes_on":2,"take_control":true,"safe_stop":false,"wake_up":3},'
    b'"locked_out":{"reason":"2 unavailability responses","remaining_s":60.0},'
    b'"health":{"state":"ready","reasons":[],"parts":[]},"because":["gaze off road 3.2 s; zone=phone"],'
    b'"profile":{"name":"un_r157","version":3,"hash":"5563aa00bb11cc22","trust":"signed"}}'
)
VEHICLE = (
    b'{"schema":"dms.vehicle/1","t":3.0,"speed_kmh":80.0,"gear":"D","l3_state":"active","belt":true,"seat":true,"hands_on":false,'
    b'"steering_torque_nm":-0.2,"brake":false,"ignition":"on","takeover_request_count":3,"acknowledged":null,'
    b'"steering_angle_deg":-35.5}'
)


def observation() -> Observation:
    return Observation(
        t=0.5667,
        source="drive.mp4",
        frame=17,
        face=Face(present=True, confidence=0.97, box_px=(10.0, 20.0, 110.0, 130.0)),
        head=Head(
            forward_camera=(0.0, 0.0, -1.0), up_camera=(0.0, -1.0, 0.0), position_camera_mm=(1.0, 2.0, 650.0),
            yaw_deg=0.0, pitch_deg=0.0, roll_deg=0.0, std_deg=3.0,
        ),
        gaze=Gaze(
            direction_camera=(0.0, 0.0, -1.0), origin_camera_mm=(1.0, 2.0, 650.0), yaw_deg=0.0, pitch_deg=0.0, std_deg=5.0
        ),
        eyes={
            "left": Eye(
                visible=0.98,
                opening_mm=9.1,
                opening_std_mm=0.6,
                openness=0.92,
                closed=0.01,
                iris_px=(51.0, 62.5, 7.0, 6.5, -12.0),
            ),
            "right": Eye(visible=0.1),
        },
        mouth=Mouth(opening_mm=3.0, yawn=0.02),
        hands=[
            Hand(side="right", confidence=0.9, landmarks_px=[(1.0, 2.0)], fingers=5, gesture="open_palm", gesture_confidence=0.95)
        ],
        objects=Objects(phone=0.01, sunglasses=0.0),
        image=Image(mean=81.0, sharpness=120.5, saturated=0.0, blocked=0.0, frozen=False),
    )  # fmt: skip


def state() -> TakeoverReadiness:
    return TakeoverReadiness(
        t=12.5, readiness="ready", readiness_score=0.93, takeover_time_s=1.8, takeover_interval_s=(1.0, 2.6), confidence=0.9,
        level=4,
        attention=Attention(
            zone="road", eyes_off_road_s=0.0, cumulative_off_30s=2.1, attentive=True, criterion="gaze_road",
            calibration=Calibration(progress=0.42, yaw_deg=1.5, pitch_deg=-4.25),
            buffer_s=1.85, zone_probability=0.91, road_probability=0.91,
        ),
        availability=Availability(available=True, criteria={"blink": 1.2, "head_movement": 0.4}, valid=3, monitorable=4),
        drowsiness=Drowsiness(
            kss=4.0, perclos_60s=0.05, mean_closure_s=0.18, blinks_total=31,
            last_blink=Blink(start=81.02, end=81.21, amplitude=0.8),
            kss_std=0.9, foretold=Foretold(microsleep=0.02, sleep=0.0, nod=0.1),
            alertness="alert", baseline="frozen", baseline_mm=9.2, p80_60s=0.05, p80_180s=0.04, p70_60s=0.06, p70_180s=0.05,
            long_closures_60s=2, long_closure_share_60s=0.03, blinks_60s=14, nods_total=1, yawns_total=2,
            driven_s=3600.0, since_break_s=3700.5,
        ),
        warning=Warning(class_="phone", stage=2),
        requests=Requests(hands_on=1, eyes_on=2, take_control=True, wake_up=3),
        locked_out=LockedOut(reason="2 unavailability responses", remaining_s=60.0),
        health=Health(state="ready"),
        profile=ProfileId(name="un_r157", version=3, hash="5563aa00bb11cc22", trust="signed"),
        because=["gaze off road 3.2 s; zone=phone"],
    )  # fmt: skip


def vehicle() -> VehicleState:
    return VehicleState(
        t=3.0, speed_kmh=80.0, gear="D", l3_state="active", belt=True, seat=True, hands_on=False, steering_torque_nm=-0.2,
        brake=False, ignition="on", takeover_request_count=3, steering_angle_deg=-35.5,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("record", "line"),
    [(observation(), OBSERVATION), (state(), STATE), (vehicle(), VEHICLE)],
    ids=["observation", "state", "vehicle"],
)
def test_exact_text_of_a_full_record(record: Observation | TakeoverReadiness | VehicleState, line: bytes) -> None:
    assert encode(record) == line
    decoded = decode_state(line) if isinstance(record, TakeoverReadiness) else decode_input(line)
    assert decoded == record


def test_fields_of_later_versions_are_left_alone() -> None:
    later = json.dumps({**json.loads(VEHICLE), "cabin_temperature_c": 21}).encode()
    assert decode_input(later) == vehicle()


def test_whole_numbers_may_be_written_without_a_point() -> None:
    assert decode_input(b'{"schema":"dms.vehicle/1","t":3,"speed_kmh":80}') == VehicleState(t=3.0, speed_kmh=80.0)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"t": 1.0}', "schema"),
        (b'{"schema": "dms.observation/2", "t": 1.0}', "dms.observation/2"),
        (b'{"schema": "dms.state/1", "t": 1.0}', "dms.state/1"),
        (b'{"schema": "dms.observation/1"}', "`t`"),
        (b'{"schema": "dms.observation/1", "t": null}', "$.t"),
        (b'{"schema": "dms.observation/1", "t": 1, "zone": "moon"}', "moon"),
        (b'{"schema": "dms.observation/1", "t": 1, "eyes": {"left": {"closed": 1.5}}}', "closed"),
        (b'{"schema": "dms.observation/1", "t": 1, "gaze": {"direction_camera": [0, 0, -2]}}', "direction_camera"),
        (b'{"schema": "dms.observation/1", "t": 1, "gaze": {"direction_camera": [0, 0]}}', "direction_camera"),
        (b'{"schema": "dms.vehicle/1", "t": 1, "gear": "5"}', "gear"),
        (b'{"schema": "dms.vehicle/1", "t": 1, "belt": 1}', "belt"),
        (b"[]", "object"),
        (b"", ""),
        (b"\xff", ""),
        (b"[" * 100000, ""),
    ],
)
def test_line_that_cannot_be_used_names_line_and_place(line: bytes, words: str) -> None:
    with pytest.raises(RecordError, match=r"^line 5: ") as caught:
        decode_input(line, 5)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_reading_counts_lines_from_one_and_skips_blank_ones() -> None:
    lines = [
        b"",
        b'{"schema":"dms.vehicle/1","t":1}',
        b"  \n",
        b'{"schema":"dms.observation/1","t":1}',
        b'{"schema":"dms.vehicle/1","t":2}',
    ]
    assert [(number, record.t) for number, record in read_input(lines)] == [(2, 1.0), (4, 1.0), (5, 2.0)]


def test_time_running_backwards_is_refused_with_its_line() -> None:
    lines = [b'{"schema":"dms.vehicle/1","t":2}', b"", b'{"schema":"dms.observation/1","t":1.999}']
    reader = read_input(lines)
    assert next(reader)[0] == 1
    with pytest.raises(RecordError, match=r"^line 3: time runs backwards, t = 1\.999 after 2\.0"):
        next(reader)


def test_reading_refuses_a_bad_line_with_its_number() -> None:
    with pytest.raises(RecordError, match=r"^line 2: "):
        list(read_input([b'{"schema":"dms.vehicle/1","t":2}', b"{"]))


def test_a_state_from_before_the_self_calibration_still_decodes() -> None:
    old = STATE.replace(b',"calibration":{"progress":0.42,"yaw_deg":1.5,"pitch_deg":-4.25}', b"")
    assert old != STATE and decode_state(old).attention.calibration is None
