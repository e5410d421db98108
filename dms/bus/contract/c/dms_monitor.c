/* Shows what the receiver believes, from a trace on standard input; and checks the end-to-end code against vectors.
 *
 *     candump -L can0 | dms_monitor fd          CAN FD message set
 *     candump -L can0 | dms_monitor classic     classic CAN message set
 *     dms_monitor vectors < vectors/e2e.txt     exit code 1 when one of them fails
 *
 * One line for each frame of the trace, whatever its id: time in microseconds, verdict on the frame ("other": not ours), state of
 * the communication, ready, doubts (bits of DMS_DOUBT_), age of the picture in microseconds, then the content as raw codes:
 * level, operating, readiness, score, confidence, takeover time, reasons, frame counter, acknowledged; and yes or no: present,
 * available, take control, safe stop. "-" is not available, "+" beyond what can be sent.
 *
 * A host program: it needs an operating system, the receiver itself does not.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dms_contract.h"
#include "dms_receiver.h"

#define LONGEST (64u)

static const char *const CHECKS[] = {"ok", "ok_some_lost", "repeated", "wrong_sequence", "error", "no_new_data"};
static const char *const STATES[] = {"nodata", "init", "valid", "invalid"};

/* Bytes of a hexadecimal text; false: it is none, or too long. */
static bool from_hex(const char *text, uint8_t *data, uint8_t *length)
{
    size_t digits = strspn(text, "0123456789abcdefABCDEF");
    uint8_t i;

    if (((digits % 2u) != 0u) || (digits > (2u * LONGEST)) || (text[digits] != '\0')) {
        return false;
    }
    *length = (uint8_t)(digits / 2u);
    for (i = 0u; i < *length; i++) {
        const char pair[3] = {text[2u * i], text[(2u * i) + 1u], '\0'};
        data[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return true;
}

/* A line as candump -L writes it: (1700000000.123456) can0 3A0##1AABB; false: no data frame. */
static bool from_candump(const char *line, int64_t *t_us, dms_frame_t *frame, uint8_t *data)
{
    long long seconds = 0;
    long micro = 0;
    char text[(2u * LONGEST) + 32u];
    char *mark;
    const char *payload;

    if (sscanf(line, "(%lld.%6ld) %*s %159s", &seconds, &micro, text) != 3) {
        return false;
    }
    mark = strchr(text, '#');
    if ((mark == NULL) || (mark[1] == 'R')) {
        return false;
    }
    *mark = '\0';
    frame->fd = (mark[1] == '#');
    payload = &mark[1];
    if (frame->fd) {
        if (mark[2] == '\0') {
            return false;
        }
        payload = &mark[3]; /* behind the flags */
    }
    frame->extended = (strlen(text) > 3u);
    frame->can_id = (uint32_t)strtoul(text, NULL, 16);
    frame->data = data;
    *t_us = ((int64_t)seconds * 1000000) + (int64_t)micro;
    return from_hex(payload, data, &frame->length);
}

static void print_code(uint16_t code)
{
    if (code == DMS_NA) {
        (void)printf(" -");
    } else if (code == DMS_BEYOND) {
        (void)printf(" +");
    } else {
        (void)printf(" %u", (unsigned)code);
    }
}

static void print_bits(uint16_t bits)
{
    if (bits == DMS_NA) {
        (void)printf(" -");
    } else {
        (void)printf(" %u", (unsigned)bits);
    }
}

static void print_flag(uint16_t code, uint16_t yes, uint16_t no)
{
    (void)printf(" %s", (code == yes) ? "yes" : ((code == no) ? "no" : "-"));
}

static void print_statement(int64_t t_us, const char *check, const dms_statement_t *s)
{
    const uint16_t codes[] = {s->content.level, s->content.operating,  s->content.readiness,
                              s->content.score, s->content.confidence, s->content.takeover_time};
    size_t i;

    (void)printf("%lld %s %s %s %03x", (long long)t_us, check, STATES[s->state], s->ready ? "ready" : "no", (unsigned)s->doubts);
    if (s->sample_age_us == DMS_AGE_NA) {
        print_code(DMS_NA);
    } else if (s->sample_age_us == DMS_AGE_OLDER) {
        print_code(DMS_BEYOND);
    } else {
        (void)printf(" %lld", (long long)s->sample_age_us);
    }
    for (i = 0u; i < (sizeof(codes) / sizeof(codes[0])); i++) {
        print_code(codes[i]);
    }
    print_bits(s->content.reasons);
    print_code(s->content.frame_counter);
    print_code(s->content.acknowledged);
    print_flag(s->content.present, DMS_DRV_PRESENT_ST_YES, DMS_DRV_PRESENT_ST_NO);
    print_flag(s->content.available, DMS_DRV_AVAIL_ST_YES, DMS_DRV_AVAIL_ST_NO);
    print_flag(s->content.take_control, DMS_REQ_TAKE_CONTROL_YES, DMS_REQ_TAKE_CONTROL_NO);
    print_flag(s->content.safe_stop, DMS_REQ_SAFE_STOP_YES, DMS_REQ_SAFE_STOP_NO);
    (void)printf("\n");
}

static int watch(const dms_message_t *message)
{
    static dms_receiver_t receiver;
    char line[512];
    unsigned long number = 0u;

    if (!dms_receiver_init(&receiver, message, &DMS_DEFAULTS)) {
        (void)fprintf(stderr, "dms_monitor: the limits cannot be\n");
        return 2;
    }
    while (fgets(line, (int)sizeof(line), stdin) != NULL) {
        uint8_t data[LONGEST];
        dms_frame_t frame = {0u, false, false, 0u, NULL};
        dms_statement_t statement;
        int64_t t_us = 0;
        bool ours;

        number++;
        if (!from_candump(line, &t_us, &frame, data)) {
            (void)fprintf(stderr, "dms_monitor: line %lu is no frame as candump -L writes it\n", number);
            return 3;
        }
        ours = dms_receiver_feed(&receiver, &frame, t_us);
        dms_receiver_statement(&receiver, t_us, &statement);
        print_statement(t_us, ours ? CHECKS[statement.check] : "other", &statement);
        (void)fflush(stdout);
    }
    return 0;
}

static bool mode_of(const char *name, dms_data_id_mode_t *mode)
{
    static const char *const NAMES[] = {"both", "alternating", "low", "nibble"};
    size_t i;

    for (i = 0u; i < 4u; i++) {
        if (strcmp(name, NAMES[i]) == 0) {
            *mode = (dms_data_id_mode_t)i;
            return true;
        }
    }
    return false;
}

/* Does the vector hold, and is each of its bytes covered. */
static bool vector_holds(const dms_e2e_t *e2e, uint8_t *data, const uint8_t *golden, uint8_t length, uint8_t counter)
{
    bool ok = dms_e2e_protect(e2e, data, length, counter) && (memcmp(data, golden, length) == 0) &&
              dms_e2e_crc_ok(e2e, golden, length);
    uint8_t i;

    for (i = 0u; i < length; i++) {
        data[i] ^= 0x10u;
        ok = ok && !dms_e2e_crc_ok(e2e, data, length);
        data[i] ^= 0x10u;
    }
    return ok;
}

static int vectors(void)
{
    char line[512];
    unsigned long number = 0u;

    while (fgets(line, (int)sizeof(line), stdin) != NULL) {
        char mode[16];
        char ids[(2u * DMS_DATA_IDS) + 2u];
        char payload[(2u * LONGEST) + 1u];
        char golden[(2u * LONGEST) + 1u];
        unsigned profile = 0u;
        unsigned id = 0u;
        unsigned counter = 0u;
        uint8_t data[LONGEST];
        uint8_t expected[LONGEST];
        uint8_t length = 0u;
        uint8_t other = 0u;
        dms_e2e_t e2e;

        number++;
        (void)memset(&e2e, 0, sizeof(e2e));
        if ((sscanf(line, "P%u %15s %x %33s %u %128s %128s", &profile, mode, &id, ids, &counter, payload, golden) != 7) ||
            !mode_of(mode, &e2e.mode) || ((ids[0] != '-') && ((strlen(ids) != (2u * DMS_DATA_IDS)) || !from_hex(ids, e2e.data_ids, &other))) ||
            !from_hex(payload, data, &length) || !from_hex(golden, expected, &other) || (other != length)) {
            (void)fprintf(stderr, "dms_monitor: line %lu is no vector\n", number);
            return 3;
        }
        e2e.profile = (dms_profile_t)profile;
        e2e.data_id = (uint16_t)id;
        if (!vector_holds(&e2e, data, expected, length, (uint8_t)counter)) {
            (void)fprintf(stderr, "dms_monitor: the vector in line %lu does not hold\n", number);
            return 1;
        }
    }
    (void)printf("%lu vectors hold\n", number);
    return 0;
}

int main(int argc, char **argv)
{
    int code = 2;

    if ((argc == 2) && (strcmp(argv[1], "fd") == 0)) {
        code = watch(&DMS_FD_TAKEOVER_READY);
    } else if ((argc == 2) && (strcmp(argv[1], "classic") == 0)) {
        code = watch(&DMS_CLASSIC_TAKEOVER_READY);
    } else if ((argc == 2) && (strcmp(argv[1], "vectors") == 0)) {
        code = vectors();
    } else {
        (void)fprintf(stderr, "usage: dms_monitor fd|classic|vectors < FILE\n");
    }
    return code;
}
