/* What ops keep for an isolate: one pointer that ends with it, and memory that is counted to the run. */
#include <mayfly/engine.h>

static void op_keep(struct mf_op_call *call);
static void op_count(struct mf_op_call *call);
static void state_free(void *state);
#define KIT_OPS                                                                                              \
    {"keep", op_keep},                                                                                       \
    {                                                                                                        \
        "count", op_count                                                                                    \
    }
#define KIT_STATE_FREE state_free
#include "engine_kit.h"

#define MB (UINT64_C(1) << 20)

struct state {
    struct mf_isolate *isolate;
    uint64_t bytes;
};

static int states_freed;

/* keep(bytes): charges them; throws when the run may not have them. */
static void op_keep(struct mf_op_call *call)
{
    void **slot = mf_op_state(call);
    double bytes;
    if (mf_op_arg_number(call, 0, &bytes) < 0) {
        return;
    }
    if (*slot == NULL) {
        struct state *made = mf_new(sizeof(*made));
        made->isolate = mf_op_isolate(call);
        *slot = made;
    }
    struct state *state = *slot;
    if (mf_isolate_charge(state->isolate, (uint64_t)bytes) < 0) {
        mf_op_throw(call, MF_OP_RANGE_ERROR, "refused");
        return;
    }
    state->bytes += (uint64_t)bytes;
}

static void op_count(struct mf_op_call *call)
{
    const struct state *state = *mf_op_state(call);
    mf_op_return(call, mf_value_number(state == NULL ? -1 : (double)state->bytes));
}

static void state_free(void *data)
{
    struct state *state = data;
    mf_isolate_uncharge(state->isolate, state->bytes);
    mf_free(state);
    states_freed++;
}

static uint64_t external_of(const struct mf_isolate *isolate)
{
    struct mf_isolate_memory memory;
    mf_isolate_memory(isolate, &memory);
    return memory.external_bytes;
}

static void test_state_belongs_to_one_isolate(void)
{
    int before = states_freed;
    KIT_CHECK_RUN("print(mf.ops.count()); mf.ops.keep(5); mf.ops.keep(6); print(mf.ops.count())", "-1\n11\n");
    MF_CHECK_INT(states_freed, before + 1);
    KIT_CHECK_RUN("print(mf.ops.count())", "-1\n"); /* Nothing of the other one; and nothing to free. */
    MF_CHECK_INT(states_freed, before + 1);
}

static void test_memory_is_the_runs(void)
{
    static const char source[] =
        "mf.ops.keep(20 << 20); try { mf.ops.keep(20 << 20) } catch (e) { print(e) }\n"
        "try { new ArrayBuffer(20 << 20) } catch (e) { print(e.name) } mf.ops.keep(1 << 20)";
    struct mf_isolate_host host;
    struct mf_module module = {.kind = MF_MODULE_ESM,
                               .name = mf_slice_of_cstr("main.js"),
                               .body = mf_slice_of_cstr(source)};
    int before = states_freed;
    kit_host_init(&host);
    struct mf_isolate *isolate = kit_new(&host, 32 * MB);
    uint64_t external = external_of(isolate);
    MF_CHECK_INT(mf_isolate_set_modules(isolate, &module, 1, module.name), 0);
    MF_CHECK_INT(kit_deliver(isolate, KIT_START, NULL, 0), 0);
    MF_CHECK(external_of(isolate) >= external + 21 * MB);
    MF_CHECK(external_of(isolate) < external + 22 * MB);
    mf_isolate_free(isolate);
    MF_CHECK_INT(states_freed, before + 1);
    MF_CHECK_TEXT(mf_slice_of_cstr(kit_text(&host)), "RangeError: refused\nRangeError\n");
}

int main(void)
{
    kit_init(true);
    MF_RUN(test_state_belongs_to_one_isolate);
    MF_RUN(test_memory_is_the_runs);
    return 0;
}
