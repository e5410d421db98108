/* AUTOSAR end-to-end profiles 1, 2, 5, 11 and 22 in C99: header written and tested, verdict on each frame, state of the
 * communication. No memory is allocated, nothing is read but what is handed over. The Python modules dms.bus.e2e_profiles and
 * dms.bus.e2e decide the same; both are tested against each other.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef DMS_E2E_H
#define DMS_E2E_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DMS_DATA_IDS (16u)
#define DMS_WINDOW_MAX (32u)

typedef enum { DMS_P01 = 1, DMS_P02 = 2, DMS_P05 = 5, DMS_P11 = 11, DMS_P22 = 22 } dms_profile_t;

/* Which part of the data id enters the CRC of profiles 1 and 11. */
typedef enum { DMS_ID_BOTH, DMS_ID_ALTERNATING, DMS_ID_LOW, DMS_ID_NIBBLE } dms_data_id_mode_t;

/* Protection of one message: data_id for profiles 1, 5, 11; data_ids for profiles 2 and 22. */
typedef struct {
    dms_profile_t profile;
    dms_data_id_mode_t mode;
    uint16_t data_id;
    uint8_t data_ids[DMS_DATA_IDS];
} dms_e2e_t;

/* Verdict on one expected frame. */
typedef enum {
    DMS_CHECK_OK,
    DMS_CHECK_OK_SOME_LOST,
    DMS_CHECK_REPEATED,
    DMS_CHECK_WRONG_SEQUENCE,
    DMS_CHECK_ERROR,
    DMS_CHECK_NO_NEW_DATA
} dms_check_t;

/* State of the communication; only DMS_STATE_VALID may be trusted. */
typedef enum { DMS_STATE_NODATA, DMS_STATE_INIT, DMS_STATE_VALID, DMS_STATE_INVALID } dms_state_t;

/* Limits, in expected frames; what each means is in the documentation of dms.bus.e2e.E2EParameters. */
typedef struct {
    uint8_t max_delta_counter;
    uint8_t window;
    uint8_t min_ok_init;
    uint8_t max_error_init;
    uint8_t min_ok_valid;
    uint8_t max_error_valid;
    uint8_t min_ok_invalid;
    uint8_t max_error_invalid;
    uint8_t max_no_new_or_repeated;
} dms_e2e_parameters_t;

typedef struct {
    dms_state_t state;
    uint8_t used;                        /* verdicts in the window */
    uint8_t next;                        /* where the next one goes */
    uint8_t silent;                      /* missing or repeated frames in a row, no more than matter */
    uint8_t window[DMS_WINDOW_MAX];      /* of dms_check_t */
    const dms_e2e_parameters_t *limits;
} dms_machine_t;

/* Counter and CRC into the header; false: the frame is too short, the counter too large, or the profile unknown. */
bool dms_e2e_protect(const dms_e2e_t *e2e, uint8_t *data, size_t length, uint8_t counter);

/* Does the header fit the content and the data id. */
bool dms_e2e_crc_ok(const dms_e2e_t *e2e, const uint8_t *data, size_t length);

/* The counter runs from 0 to one less than this; 0: unknown profile. */
uint16_t dms_e2e_counter_period(const dms_e2e_t *e2e);

/* Verdict on a frame of the right length; *last is the counter heard before and becomes that of this frame. */
dms_check_t dms_e2e_check(const dms_e2e_t *e2e, const uint8_t *data, size_t length, uint8_t max_delta, uint8_t *last);

/* False: limits with which the machine could never be VALID or never leave it, or a window larger than DMS_WINDOW_MAX. */
bool dms_machine_init(dms_machine_t *machine, const dms_e2e_parameters_t *limits, const dms_e2e_t *e2e);

void dms_machine_step(dms_machine_t *machine, dms_check_t verdict);

/* The receiver's deadline has passed: VALID -> INVALID at once. */
void dms_machine_time_out(dms_machine_t *machine);

#endif
