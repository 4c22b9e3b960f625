/* options.h - the executor's command line. mayflyd is its only caller; what it gets wrong stops the start. */
#ifndef MAYFLY_EXECUTOR_OPTIONS_H
#define MAYFLY_EXECUTOR_OPTIONS_H

#include <mayfly/base.h>

struct mf_executor_options {
    int channel_fd;
    uint32_t standby;
    uint32_t threads_base; /* V8 threads that are always there: one for each processor. */
    uint32_t threads_max;
    uint32_t runs_max;
    uint64_t memory_bytes; /* All of V8 in this process. */
    uint64_t heap_bytes;   /* The largest heap that a run may ask for. */
    uint32_t jail_layers;
    uint32_t jail_required;
    uint32_t jail_given;
    bool is_jitless;
    const char *v8_flags; /* NULL: none. Points into argv. */
};

/* MF_E_INVALID; |*ret_wrong| is the argument that is (a static text or one of argv). */
MF_MUST_CHECK int mf_executor_options_parse(int argc,
                                            char **argv,
                                            struct mf_executor_options *ret_options,
                                            const char **ret_wrong);

#endif
