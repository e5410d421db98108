/* What a message is, and what DMS_TakeoverReady says, in one form for CAN FD and classic CAN.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef DMS_MESSAGE_H
#define DMS_MESSAGE_H

#include "dms_e2e.h"

/* Codes of a statement that are no measurement. */
#define DMS_NA (0xFFFFu)     /* not available: SNA, Error, out of range, without a name, or not in this frame */
#define DMS_BEYOND (0xFFFEu) /* longer or older than can be sent */

/* Raw codes of the statement; the names of enumerations are in dms_contract.h, steps and units in the DBC. */
typedef struct {
    uint16_t operating;
    uint16_t readiness;
    uint16_t level;
    uint16_t score;          /* half percent */
    uint16_t confidence;     /* half percent */
    uint16_t takeover_time;  /* 0.1 s, or DMS_BEYOND */
    uint16_t reasons;        /* bit field, or DMS_NA; never DMS_BEYOND */
    uint16_t sample_age;     /* DMS_SMPL_AGE_STEP_US, or DMS_BEYOND */
    uint16_t frame_counter;
    uint16_t present;
    uint16_t available;
    uint16_t hands_free;
    uint16_t acknowledged;
    uint16_t hands_on_request;
    uint16_t eyes_on_request;
    uint16_t take_control;
    uint16_t safe_stop;
    uint16_t wake_up;
} dms_content_t;

typedef struct {
    uint32_t can_id;
    bool extended;
    bool fd;
    uint8_t length;
    uint32_t cycle_us;
    dms_e2e_t e2e;
    bool (*unpack)(const uint8_t *data, dms_content_t *content); /* NULL: not a statement */
} dms_message_t;

#endif
