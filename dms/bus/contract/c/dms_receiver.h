/* The reference receiver of DMS_TakeoverReady for a Level 3 controller, in C99.
 *
 * Whatever is missing, late, repeated, corrupt, not available or of unknown meaning is "not ready". A recorded drive that is
 * played back in full is not told from a live one: that takes message authentication, which end-to-end protection is not.
 *
 *     static dms_receiver_t receiver;
 *     (void)dms_receiver_init(&receiver, &DMS_FD_TAKEOVER_READY, &DMS_DEFAULTS);
 *     each frame from the bus:   dms_receiver_feed(&receiver, &frame, now_us);
 *     each cycle of your own:    dms_receiver_statement(&receiver, now_us, &statement); if (statement.ready) ...
 *
 * Times are microseconds of a clock that never steps and never wraps (64 bit).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef DMS_RECEIVER_H
#define DMS_RECEIVER_H

#include "dms_message.h"

/* Why not ready; several may hold. */
#define DMS_DOUBT_NO_DATA (0x001u)       /* no good frame yet */
#define DMS_DOUBT_COMMUNICATION (0x002u) /* state of the communication is not VALID */
#define DMS_DOUBT_LATE (0x004u)          /* the last good frame is past the deadline, or from the future */
#define DMS_DOUBT_OPERATING (0x008u)     /* the monitoring is not Active */
#define DMS_DOUBT_READINESS (0x010u)     /* the driver is not Ready */
#define DMS_DOUBT_NO_AGE (0x020u)        /* age or counter of the picture not available */
#define DMS_DOUBT_OLD (0x040u)           /* the picture is too old */
#define DMS_DOUBT_STANDSTILL (0x080u)    /* the camera's counter stands still */
#define DMS_DOUBT_LEVEL (0x100u)         /* the level is below Attentive */
#define DMS_DOUBT_PRESENCE (0x200u)      /* the driver is not present and available */

#define DMS_AGE_NA (-1)
#define DMS_AGE_OLDER INT64_MAX

typedef struct {
    uint32_t can_id;
    bool extended;
    bool fd;
    uint8_t length;
    const uint8_t *data;
} dms_frame_t;

typedef struct {
    int64_t deadline_us;       /* without a good frame for longer there is no statement */
    int64_t max_sample_age_us; /* an older picture is no evidence */
    dms_e2e_parameters_t e2e;
} dms_receiver_parameters_t;

typedef struct {
    bool ready;
    uint16_t doubts;    /* of DMS_DOUBT_; 0 exactly when ready */
    dms_state_t state;
    dms_check_t check;  /* verdict on the last expected frame */
    bool trusted;       /* may the content be looked at */
    int64_t sample_age_us; /* now: when the frame was built, and since; DMS_AGE_NA, DMS_AGE_OLDER */
    dms_content_t content;
} dms_statement_t;

typedef struct {
    const dms_message_t *message;
    const dms_receiver_parameters_t *parameters;
    dms_machine_t machine;
    dms_check_t check;
    dms_content_t content; /* of the last good frame */
    bool heard;            /* was there one */
    bool expecting;
    uint8_t last_counter;
    int64_t good_at;
    int64_t counter_at;    /* when the camera's counter last moved */
    int64_t expected_at;
} dms_receiver_t;

extern const dms_receiver_parameters_t DMS_DEFAULTS;

/* False: the message is no statement, or the limits cannot be; such a receiver must not be used. */
bool dms_receiver_init(dms_receiver_t *receiver, const dms_message_t *message, const dms_receiver_parameters_t *parameters);

/* Take one frame from the bus; false: it is another message. A wrong length or frame format counts like a wrong CRC. */
bool dms_receiver_feed(dms_receiver_t *receiver, const dms_frame_t *frame, int64_t now_us);

/* What may be believed now. */
void dms_receiver_statement(dms_receiver_t *receiver, int64_t now_us, dms_statement_t *statement);

#endif
