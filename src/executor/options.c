/* options.c - see options.h. */
#include "options.h"

#include <sched.h>

enum kind { KIND_NUMBER, KIND_FLAG, KIND_TEXT };

struct option {
    const char *name;
    enum kind kind;
    size_t offset;
    size_t size; /* Of a number's field: 4 or 8. */
    uint64_t min;
    uint64_t max;
};

#define NUMBER(name, field, min, max)                                                                        \
    {                                                                                                        \
        (name), KIND_NUMBER, offsetof(struct mf_executor_options, field),                                    \
            sizeof(((struct mf_executor_options *)0)->field), (min), (max)                                   \
    }

static const struct option table[] = {
    NUMBER("--channel-fd", channel_fd, 0, 1023),
    NUMBER("--standby", standby, 0, MF_EXECUTOR_STANDBY_MAX),
    NUMBER("--threads-max", threads_max, 1, MF_EXECUTOR_THREADS_MAX),
    NUMBER("--runs-max", runs_max, 1, MF_EXECUTOR_RUNS_MAX),
    NUMBER("--memory-bytes", memory_bytes, 1, UINT64_MAX / 2),
    NUMBER("--heap-bytes", heap_bytes, 1, UINT64_MAX / 2),
    NUMBER("--jail-layers", jail_layers, 0, UINT32_MAX),
    NUMBER("--jail-required", jail_required, 0, UINT32_MAX),
    NUMBER("--jail-given", jail_given, 0, UINT32_MAX),
    {"--jitless", KIND_FLAG, offsetof(struct mf_executor_options, is_jitless), 0, 0, 0},
    {"--v8-flags", KIND_TEXT, offsetof(struct mf_executor_options, v8_flags), 0, 0, 0},
};

static const struct option *find(const char *name)
{
    for (size_t i = 0; i < MF_COUNT_OF(table); i++) {
        if (strcmp(table[i].name, name) == 0) {
            return &table[i];
        }
    }
    return NULL;
}

static int set_number(struct mf_executor_options *options, const struct option *option, const char *text)
{
    char *field = (char *)options + option->offset;
    uint64_t value = 0;

    if (mf_slice_parse_u64(mf_slice_of_cstr(text), option->max, &value) < 0 || value < option->min) {
        return MF_E_INVALID;
    }
    if (option->size == 8) {
        memcpy(field, &value, 8);
    } else {
        uint32_t small = (uint32_t)value;
        memcpy(field, &small, 4);
    }
    return 0;
}

/* How many processors this process may use: read before the jail. */
static uint32_t count_processors(void)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof(set), &set) != 0) {
        return 1;
    }
    return (uint32_t)CPU_COUNT(&set);
}

int mf_executor_options_parse(int argc,
                              char **argv,
                              struct mf_executor_options *ret_options,
                              const char **ret_wrong)
{
    struct mf_executor_options options = {
        .channel_fd = 3,
        .standby = MF_EXECUTOR_STANDBY_DEFAULT,
        .threads_max = MF_EXECUTOR_THREADS_DEFAULT,
        .runs_max = MF_EXECUTOR_RUNS_DEFAULT,
        .memory_bytes = (uint64_t)MF_EXECUTOR_MEMORY_MB_DEFAULT << 20,
        .heap_bytes = (uint64_t)MF_RUN_MEMORY_MB_MAX << 20,
    };

    for (int i = 1; i < argc; i++) {
        const struct option *option = find(argv[i]);
        *ret_wrong = argv[i];
        if (option == NULL) {
            return MF_E_INVALID;
        }
        if (option->kind == KIND_FLAG) {
            options.is_jitless = true; /* The only flag. */
            continue;
        }
        if (++i == argc) {
            return MF_E_INVALID;
        }
        if (option->kind == KIND_TEXT) {
            options.v8_flags = argv[i];
        } else if (set_number(&options, option, argv[i]) < 0) {
            return MF_E_INVALID;
        }
    }
    options.threads_base = count_processors();
    if (options.threads_base > options.threads_max) {
        options.threads_base = options.threads_max;
    }
    *ret_options = options;
    return 0;
}
