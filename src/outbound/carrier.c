#include "carrier.h"

bool mf__carrier_is_there(const struct mf__carrier *carrier)
{
    return carrier->transfer != NULL || carrier->intercept != NULL;
}

void mf__carrier_forget(struct mf__carrier *carrier)
{
    carrier->transfer = NULL;
    carrier->intercept = NULL;
}

void mf__carrier_cancel(struct mf__carrier *carrier)
{
    struct mf__carrier was = *carrier;

    mf__carrier_forget(carrier);
    if (was.transfer != NULL) {
        mf__transfer_cancel(was.transfer);
    }
    if (was.intercept != NULL) {
        was.interceptor->cancel(was.intercept);
    }
}

void mf__carrier_resume(struct mf__carrier *carrier)
{
    if (carrier->transfer != NULL) {
        mf__transfer_resume(carrier->transfer);
    } else if (carrier->intercept != NULL) {
        carrier->interceptor->resume(carrier->intercept);
    }
}

void mf__carrier_feed(struct mf__carrier *carrier)
{
    if (carrier->transfer != NULL) {
        mf__transfer_feed(carrier->transfer);
    } else if (carrier->intercept != NULL) {
        carrier->interceptor->feed(carrier->intercept);
    }
}

/* ---- how far it is ---------------------------------------------------------------------------------- */

static struct mf_intercept_state state_of(const struct mf__carrier *carrier)
{
    struct mf_intercept_state state = {.is_answered = false};

    if (carrier->intercept != NULL) {
        carrier->interceptor->state(carrier->intercept, &state);
    }
    return state;
}

enum mf__phase mf__carrier_phase(const struct mf__carrier *carrier)
{
    if (carrier->transfer != NULL) {
        return mf__transfer_phase(carrier->transfer);
    }
    if (carrier->intercept == NULL) {
        return MF__PHASE_CONNECT;
    }
    return state_of(carrier).is_answered ? MF__PHASE_BODY : MF__PHASE_WAIT;
}

uint64_t mf__carrier_phase_ns(const struct mf__carrier *carrier)
{
    return carrier->transfer != NULL ? mf__transfer_phase_ns(carrier->transfer) : carrier->intercept_ns;
}

uint64_t mf__carrier_moved_ns(const struct mf__carrier *carrier)
{
    return carrier->transfer != NULL ? mf__transfer_moved_ns(carrier->transfer) : state_of(carrier).moved_ns;
}

bool mf__carrier_is_held(const struct mf__carrier *carrier)
{
    return carrier->transfer != NULL ? mf__transfer_is_held(carrier->transfer) : state_of(carrier).is_held;
}
