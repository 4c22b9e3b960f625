/* rates.c - so many in a window, as a level that fills up again by and by. Pure.
 *
 * Kept is only when it will be full. Spending puts that off, by the share of the window that was spent; it may go past a whole window
 * when something turned out to cost more than was left, and then nothing is left until that is made up for. */
#include "internal.h"

static uint64_t cost_ns(const struct mf_rate_limit *limit, uint64_t amount)
{
    double share = (double)amount / (double)limit->quota;
    double most = (double)MF_RATE_DEBT_WINDOWS_MAX;

    return (uint64_t)((share < most ? share : most) * (double)limit->window_ns);
}

static uint64_t missing_ns(const struct mf_rate *rate, uint64_t now_ns)
{
    return rate->full_ns > now_ns ? rate->full_ns - now_ns : 0;
}

static uint32_t seconds(uint64_t ns)
{
    return (uint32_t)((ns + MF_NS_PER_S - 1) / MF_NS_PER_S);
}

bool mf__rate_has(const struct mf_rate *rate,
                  const struct mf_rate_limit *limit,
                  uint64_t amount,
                  uint64_t now_ns,
                  struct mf_rate_state *ret_state)
{
    uint64_t missing = missing_ns(rate, now_ns);
    uint64_t wanted = limit->quota == 0 ? limit->window_ns + 1 : cost_ns(limit, amount);
    uint64_t left = missing < limit->window_ns ? limit->window_ns - missing : 0;

    if (wanted <= left && left > 0) {
        return true;
    }
    *ret_state = (struct mf_rate_state){
        .limit = *limit,
        .left = (uint64_t)((double)left / (double)limit->window_ns * (double)limit->quota),
        .reset_s = seconds(missing),
        .retry_s = seconds(missing + wanted - limit->window_ns)}; /* Both together are more than that. */
    ret_state->retry_s +=
        ret_state->retry_s == 0 ? 1 : 0; /* What costs nothing wants something to be left. */
    return false;
}

void mf__rate_spend(struct mf_rate *rate, const struct mf_rate_limit *limit, uint64_t amount, uint64_t now_ns)
{
    uint64_t begin_ns = rate->full_ns > now_ns ? rate->full_ns : now_ns;
    uint64_t most_ns = now_ns + limit->window_ns * MF_RATE_DEBT_WINDOWS_MAX;

    if (limit->quota > 0) {
        begin_ns += cost_ns(limit, amount);
    }
    rate->full_ns = begin_ns < most_ns ? begin_ns : most_ns;
}
