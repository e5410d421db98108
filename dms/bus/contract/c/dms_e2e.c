/* SPDX-License-Identifier: Apache-2.0 */
#include "dms_e2e.h"

#define P05_HEADER (3u)
#define P08_HEADER (2u)
#define J1850 (0x1Du)
#define H2F (0x2Fu)

static uint8_t crc8(uint8_t polynomial, uint8_t start, uint8_t byte)
{
    uint8_t crc = (uint8_t)(start ^ byte);
    uint8_t bit;

    for (bit = 0u; bit < 8u; bit++) {
        if ((crc & 0x80u) != 0u) {
            crc = (uint8_t)((uint8_t)(crc << 1) ^ polynomial);
        } else {
            crc = (uint8_t)(crc << 1);
        }
    }
    return crc;
}

static uint16_t crc16(uint16_t start, uint8_t byte)
{
    uint16_t crc = (uint16_t)(start ^ (uint16_t)((uint16_t)byte << 8));
    uint8_t bit;

    for (bit = 0u; bit < 8u; bit++) {
        if ((crc & 0x8000u) != 0u) {
            crc = (uint16_t)((uint16_t)(crc << 1) ^ 0x1021u);
        } else {
            crc = (uint16_t)(crc << 1);
        }
    }
    return crc;
}

static bool eight_bit_crc(const dms_e2e_t *e2e)
{
    return e2e->profile != DMS_P05;
}

static bool has_list(const dms_e2e_t *e2e)
{
    return (e2e->profile == DMS_P02) || (e2e->profile == DMS_P22);
}

static bool long_enough(const dms_e2e_t *e2e, size_t length)
{
    return length >= (eight_bit_crc(e2e) ? P08_HEADER : P05_HEADER);
}

static uint8_t counter_of(const dms_e2e_t *e2e, const uint8_t *data)
{
    return eight_bit_crc(e2e) ? (uint8_t)(data[1] & 0x0Fu) : data[2];
}

static uint16_t crc_p05(const dms_e2e_t *e2e, const uint8_t *data, size_t length)
{
    uint16_t crc = 0xFFFFu;
    size_t i;

    for (i = 2u; i < length; i++) {
        crc = crc16(crc, data[i]);
    }
    crc = crc16(crc, (uint8_t)(e2e->data_id & 0xFFu));
    return crc16(crc, (uint8_t)(e2e->data_id >> 8));
}

static uint8_t crc_list(const dms_e2e_t *e2e, const uint8_t *data, size_t length)
{
    uint8_t crc = 0xFFu;
    size_t i;

    for (i = 1u; i < length; i++) {
        crc = crc8(H2F, crc, data[i]);
    }
    crc = crc8(H2F, crc, e2e->data_ids[data[1] & 0x0Fu]);
    return (uint8_t)(crc ^ 0xFFu);
}

static uint8_t crc_p01(const dms_e2e_t *e2e, const uint8_t *data, size_t length)
{
    const uint8_t low = (uint8_t)(e2e->data_id & 0xFFu);
    const uint8_t high = (uint8_t)(e2e->data_id >> 8);
    uint8_t crc;
    size_t i;

    switch (e2e->mode) {
    case DMS_ID_ALTERNATING:
        crc = crc8(J1850, 0u, ((data[1] & 1u) != 0u) ? high : low);
        break;
    case DMS_ID_LOW:
        crc = crc8(J1850, 0u, low);
        break;
    case DMS_ID_NIBBLE:
        crc = crc8(J1850, crc8(J1850, 0u, low), 0u);
        break;
    case DMS_ID_BOTH:
    default:
        crc = crc8(J1850, crc8(J1850, 0u, low), high);
        break;
    }
    for (i = 1u; i < length; i++) {
        crc = crc8(J1850, crc, data[i]);
    }
    return crc;
}

static uint8_t crc_8(const dms_e2e_t *e2e, const uint8_t *data, size_t length)
{
    return has_list(e2e) ? crc_list(e2e, data, length) : crc_p01(e2e, data, length);
}

static bool nibble_mode(const dms_e2e_t *e2e)
{
    return eight_bit_crc(e2e) && (!has_list(e2e)) && (e2e->mode == DMS_ID_NIBBLE);
}

uint16_t dms_e2e_counter_period(const dms_e2e_t *e2e)
{
    uint16_t period;

    switch (e2e->profile) {
    case DMS_P05:
        period = 256u;
        break;
    case DMS_P02:
    case DMS_P22:
        period = 16u;
        break;
    case DMS_P01:
    case DMS_P11:
        period = 15u;
        break;
    default:
        period = 0u;
        break;
    }
    return period;
}

bool dms_e2e_protect(const dms_e2e_t *e2e, uint8_t *data, size_t length, uint8_t counter)
{
    const bool can = long_enough(e2e, length) && (counter < dms_e2e_counter_period(e2e));

    if (can && eight_bit_crc(e2e)) {
        const uint8_t above = nibble_mode(e2e) ? (uint8_t)((e2e->data_id >> 4) & 0xF0u) : (uint8_t)(data[1] & 0xF0u);
        data[1] = (uint8_t)(above | counter);
        data[0] = crc_8(e2e, data, length);
    } else if (can) {
        uint16_t crc;
        data[2] = counter;
        crc = crc_p05(e2e, data, length);
        data[0] = (uint8_t)(crc & 0xFFu);
        data[1] = (uint8_t)(crc >> 8);
    } else {
        /* refused */
    }
    return can;
}

bool dms_e2e_crc_ok(const dms_e2e_t *e2e, const uint8_t *data, size_t length)
{
    bool ok = long_enough(e2e, length) && (counter_of(e2e, data) < dms_e2e_counter_period(e2e));

    if (ok && nibble_mode(e2e)) {
        ok = (data[1] >> 4) == (uint8_t)(e2e->data_id >> 8);
    }
    if (ok && eight_bit_crc(e2e)) {
        ok = data[0] == crc_8(e2e, data, length);
    } else if (ok) {
        const uint16_t crc = crc_p05(e2e, data, length);
        ok = (data[0] == (uint8_t)(crc & 0xFFu)) && (data[1] == (uint8_t)(crc >> 8));
    } else {
        /* not ok */
    }
    return ok;
}

dms_check_t dms_e2e_check(const dms_e2e_t *e2e, const uint8_t *data, size_t length, uint8_t max_delta, uint8_t *last)
{
    dms_check_t verdict = DMS_CHECK_ERROR;

    if (dms_e2e_crc_ok(e2e, data, length)) {
        const uint16_t period = dms_e2e_counter_period(e2e);
        const uint8_t counter = counter_of(e2e, data);
        const uint16_t delta = (uint16_t)((uint16_t)((uint16_t)(counter + period) - *last) % period);

        *last = counter;
        if (delta == 0u) {
            verdict = DMS_CHECK_REPEATED;
        } else if (delta == 1u) {
            verdict = DMS_CHECK_OK;
        } else if (delta <= max_delta) {
            verdict = DMS_CHECK_OK_SOME_LOST;
        } else {
            verdict = DMS_CHECK_WRONG_SEQUENCE;
        }
    }
    return verdict;
}

static bool counts_inside(const dms_e2e_parameters_t *p)
{
    const uint8_t minima[4] = {p->min_ok_init, p->min_ok_valid, p->min_ok_invalid, p->max_no_new_or_repeated};
    const uint8_t errors[3] = {p->max_error_init, p->max_error_valid, p->max_error_invalid};
    bool ok = true;
    uint8_t i;

    for (i = 0u; i < 4u; i++) {
        ok = ok && (minima[i] >= 1u) && (minima[i] <= p->window);
    }
    for (i = 0u; i < 3u; i++) {
        ok = ok && (errors[i] < p->window);
    }
    return ok;
}

bool dms_machine_init(dms_machine_t *machine, const dms_e2e_parameters_t *limits, const dms_e2e_t *e2e)
{
    const uint16_t period = dms_e2e_counter_period(e2e);

    machine->state = DMS_STATE_NODATA;
    machine->used = 0u;
    machine->next = 0u;
    machine->silent = 0u;
    machine->limits = limits;
    return (period != 0u) && (limits->window <= DMS_WINDOW_MAX) && (limits->max_delta_counter >= 1u) &&
           ((uint16_t)(limits->max_delta_counter + 2u) <= period) && counts_inside(limits);
}

static uint8_t count(const dms_machine_t *machine, dms_check_t one, dms_check_t other)
{
    uint8_t found = 0u;
    uint8_t i;

    for (i = 0u; i < machine->used; i++) {
        if ((machine->window[i] == (uint8_t)one) || (machine->window[i] == (uint8_t)other)) {
            found++;
        }
    }
    return found;
}

static bool trusted(const dms_machine_t *machine)
{
    const dms_e2e_parameters_t *p = machine->limits;
    uint8_t min_ok = p->min_ok_invalid;
    uint8_t max_error = p->max_error_invalid;

    if (machine->state == DMS_STATE_INIT) {
        min_ok = p->min_ok_init;
        max_error = p->max_error_init;
    } else if (machine->state == DMS_STATE_VALID) {
        min_ok = p->min_ok_valid;
        max_error = p->max_error_valid;
    } else {
        /* INVALID: trust has to be earned anew */
    }
    return (count(machine, DMS_CHECK_OK, DMS_CHECK_OK_SOME_LOST) >= min_ok) &&
           (count(machine, DMS_CHECK_ERROR, DMS_CHECK_ERROR) <= max_error) && (machine->silent < p->max_no_new_or_repeated);
}

static void distrust(dms_machine_t *machine)
{
    machine->state = DMS_STATE_INVALID;
    machine->used = 0u;
    machine->next = 0u;
}

static void remember(dms_machine_t *machine, dms_check_t verdict)
{
    if ((verdict != DMS_CHECK_NO_NEW_DATA) && (verdict != DMS_CHECK_REPEATED)) {
        machine->silent = 0u;
    } else if (machine->silent < machine->limits->max_no_new_or_repeated) {
        machine->silent++;
    } else {
        /* more of them change nothing */
    }
    machine->window[machine->next] = (uint8_t)verdict;
    machine->next = (uint8_t)((uint8_t)(machine->next + 1u) % machine->limits->window);
    if (machine->used < machine->limits->window) {
        machine->used++;
    }
}

void dms_machine_step(dms_machine_t *machine, dms_check_t verdict)
{
    remember(machine, verdict);
    if (machine->state == DMS_STATE_NODATA) {
        if ((verdict != DMS_CHECK_ERROR) && (verdict != DMS_CHECK_NO_NEW_DATA)) {
            machine->state = DMS_STATE_INIT;
        }
    } else if (trusted(machine)) {
        machine->state = DMS_STATE_VALID;
    } else if (machine->state == DMS_STATE_VALID) {
        distrust(machine);
    } else if ((machine->state == DMS_STATE_INIT) &&
               (count(machine, DMS_CHECK_ERROR, DMS_CHECK_ERROR) > machine->limits->max_error_init)) {
        distrust(machine);
    } else {
        /* stays as it is */
    }
}

void dms_machine_time_out(dms_machine_t *machine)
{
    if (machine->state == DMS_STATE_VALID) {
        distrust(machine);
    }
}
