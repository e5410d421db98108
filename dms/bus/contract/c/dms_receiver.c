/* SPDX-License-Identifier: Apache-2.0 */
#include "dms_receiver.h"

#include "dms_contract.h"

const dms_receiver_parameters_t DMS_DEFAULTS = {
    150000, 200000, {2u, 10u, 3u, 2u, 1u, 2u, 5u, 2u, 3u},
};

static void nothing_available(dms_content_t *content)
{
    const dms_content_t nothing = {DMS_NA, DMS_NA, DMS_NA, DMS_NA, DMS_NA, DMS_NA, DMS_NA, DMS_NA, DMS_NA,
                                   DMS_NA, DMS_NA, DMS_NA, DMS_NA, DMS_NA, DMS_NA, DMS_NA, DMS_NA, DMS_NA};
    *content = nothing;
}

bool dms_receiver_init(dms_receiver_t *receiver, const dms_message_t *message, const dms_receiver_parameters_t *parameters)
{
    const bool limits_ok = dms_machine_init(&receiver->machine, &parameters->e2e, &message->e2e);
    const uint16_t period = dms_e2e_counter_period(&message->e2e);

    receiver->message = message;
    receiver->parameters = parameters;
    receiver->check = DMS_CHECK_NO_NEW_DATA;
    nothing_available(&receiver->content);
    receiver->heard = false;
    receiver->expecting = false;
    receiver->last_counter = (uint8_t)(period - 1u);
    receiver->good_at = 0;
    receiver->counter_at = 0;
    receiver->expected_at = 0;
    return limits_ok && (message->unpack != NULL) && (message->cycle_us > 0u) && (parameters->deadline_us > 0) &&
           (parameters->max_sample_age_us > 0);
}

static void take(dms_receiver_t *receiver, dms_check_t verdict)
{
    receiver->check = verdict;
    dms_machine_step(&receiver->machine, verdict);
}

/* One NO_NEW_DATA for each frame that is overdue by half a cycle; no more than matter after a long pause. */
static void note_silence(dms_receiver_t *receiver, int64_t now_us)
{
    const int64_t cycle = (int64_t)receiver->message->cycle_us;
    int64_t overdue = 0;
    int64_t i;

    if (!receiver->expecting) {
        receiver->expecting = true;
        receiver->expected_at = now_us;
    }
    if ((now_us - receiver->expected_at) >= (cycle - (cycle / 2))) {
        overdue = ((now_us - receiver->expected_at) + (cycle / 2)) / cycle;
    }
    for (i = 0; (i < overdue) && (i < (int64_t)receiver->parameters->e2e.window); i++) {
        take(receiver, DMS_CHECK_NO_NEW_DATA);
    }
    receiver->expected_at += overdue * cycle;
    if (receiver->heard && ((now_us - receiver->good_at) > receiver->parameters->deadline_us)) {
        dms_machine_time_out(&receiver->machine);
    }
}

/* A picture told again and again is no fresh evidence, whatever age it claims. */
static void keep(dms_receiver_t *receiver, const uint8_t *data, int64_t now_us)
{
    const uint16_t before = receiver->content.frame_counter;
    const bool first = !receiver->heard;

    if (receiver->message->unpack(data, &receiver->content)) {
        receiver->heard = true;
        receiver->good_at = now_us;
        if (first || (before != receiver->content.frame_counter)) {
            receiver->counter_at = now_us;
        }
    }
}

bool dms_receiver_feed(dms_receiver_t *receiver, const dms_frame_t *frame, int64_t now_us)
{
    const dms_message_t *message = receiver->message;
    const bool ours = (frame->can_id == message->can_id) && (frame->extended == message->extended);

    if (ours) {
        dms_check_t verdict = DMS_CHECK_ERROR;

        note_silence(receiver, now_us);
        if ((frame->length == message->length) && (frame->fd == message->fd)) {
            verdict = dms_e2e_check(&message->e2e, frame->data, frame->length, receiver->parameters->e2e.max_delta_counter,
                                    &receiver->last_counter);
        }
        take(receiver, verdict);
        receiver->expected_at = now_us + (int64_t)message->cycle_us;
        if ((verdict == DMS_CHECK_OK) || (verdict == DMS_CHECK_OK_SOME_LOST)) {
            keep(receiver, frame->data, now_us);
        }
    }
    return ours;
}

static uint16_t communication_doubts(const dms_receiver_t *receiver, int64_t now_us)
{
    const int64_t since = now_us - receiver->good_at;
    uint16_t doubts = 0u;

    if (!receiver->heard) {
        doubts = DMS_DOUBT_NO_DATA;
    } else {
        if (receiver->machine.state != DMS_STATE_VALID) {
            doubts |= DMS_DOUBT_COMMUNICATION;
        }
        if ((since < 0) || (since > receiver->parameters->deadline_us)) {
            doubts |= DMS_DOUBT_LATE;
        }
    }
    return doubts;
}

static int64_t age_now(const dms_receiver_t *receiver, int64_t now_us)
{
    int64_t age;

    if (receiver->content.sample_age == DMS_NA) {
        age = DMS_AGE_NA;
    } else if (receiver->content.sample_age == DMS_BEYOND) {
        age = DMS_AGE_OLDER;
    } else {
        age = ((int64_t)receiver->content.sample_age * DMS_SMPL_AGE_STEP_US) + (now_us - receiver->good_at);
    }
    return age;
}

static uint16_t picture_doubts(const dms_receiver_t *receiver, int64_t now_us, int64_t age)
{
    const int64_t most = receiver->parameters->max_sample_age_us;
    uint16_t doubts = 0u;

    if ((age == DMS_AGE_NA) || (receiver->content.frame_counter == DMS_NA)) {
        doubts |= DMS_DOUBT_NO_AGE;
    } else if (age > most) {
        doubts |= DMS_DOUBT_OLD;
    } else {
        /* fresh */
    }
    if ((now_us - receiver->counter_at) > most) {
        doubts |= DMS_DOUBT_STANDSTILL;
    }
    return doubts;
}

static uint16_t driver_doubts(const dms_content_t *content)
{
    uint16_t doubts = 0u;

    if (content->operating != DMS_OPER_ST_ACTIVE) {
        doubts |= DMS_DOUBT_OPERATING;
    }
    if (content->readiness != DMS_TKO_RDY_ST_READY) {
        doubts |= DMS_DOUBT_READINESS;
    }
    if ((content->level == DMS_NA) || (content->level < DMS_TKO_RDY_LVL_ATTENTIVE)) {
        doubts |= DMS_DOUBT_LEVEL;
    }
    if ((content->available != DMS_DRV_AVAIL_ST_YES) || (content->present != DMS_DRV_PRESENT_ST_YES)) {
        doubts |= DMS_DOUBT_PRESENCE;
    }
    return doubts;
}

void dms_receiver_statement(dms_receiver_t *receiver, int64_t now_us, dms_statement_t *statement)
{
    note_silence(receiver, now_us);
    statement->doubts = communication_doubts(receiver, now_us);
    statement->trusted = (statement->doubts == 0u);
    if (statement->trusted) {
        statement->content = receiver->content;
        statement->sample_age_us = age_now(receiver, now_us);
        statement->doubts = (uint16_t)(picture_doubts(receiver, now_us, statement->sample_age_us) |
                                       driver_doubts(&receiver->content));
    } else {
        nothing_available(&statement->content);
        statement->sample_age_us = DMS_AGE_NA;
    }
    statement->state = receiver->machine.state;
    statement->check = receiver->check;
    statement->ready = (statement->doubts == 0u);
}
