/* mayfly/engine.h - the only way the rest of Mayfly sees V8: isolates, modules, turns, memory.
 *
 * Use:      1) mf_engine_init once on the main thread  2) mf_isolate_new ahead of time  3) mf_isolate_attach for a run
 *           4) mf_isolate_set_modules  5) enter, deliver, leave: one turn; as often as needed  6) mf_isolate_free
 * Threads:  [any] mf_isolate_terminate, mf_isolate_memory. [isolate] everything else that takes an isolate: any thread,
 *           one at a time; between _enter and _leave the calling thread owns it. Ops run on that thread.
 * Owns:     MF_OWN moves; module bodies are borrowed until mf_isolate_free; everything else is copied in the call.
 * Limits:   MF_RUN_MEMORY_MB_*, MF_EXECUTOR_OP_BYTES_MAX, MF_EXECUTOR_STACK_BYTES, MF_MODULES_COUNT_MAX.
 * Fails:    script.*, limit.* and what is said at each function.
 * Not here: Web APIs (runtime.h), threads and clocks of a run (src/executor), frames (wire.h).
 *
 * No V8 type, C++ type or exception crosses this door. Source: https://v8.dev/docs/embed and the V8 13.6 headers.
 */
#ifndef MAYFLY_ENGINE_H
#define MAYFLY_ENGINE_H

#include <mayfly/base.h>

#ifdef __cplusplus
extern "C" {
#endif

struct mf_isolate;      /* Opaque: src/engine. */
struct mf_isolate_host; /* Opaque: the owner's session; the engine only hands it back. */
struct mf_op_call;      /* Opaque: one call from the runtime's JavaScript into an op. */

/* ---- values that cross -------------------------------------------------------------------- */

enum mf_value_kind {
    MF_VALUE_UNDEFINED,
    MF_VALUE_NULL,
    MF_VALUE_BOOL,
    MF_VALUE_NUMBER,
    MF_VALUE_UTF8,   /* A string from UTF-8; ill-formed parts become U+FFFD. */
    MF_VALUE_LATIN1, /* A string of code units 0 to 255, one byte each: header lists. */
    MF_VALUE_BYTES,  /* A Uint8Array over an ArrayBuffer of its own, copied. */
};

struct mf_value {
    enum mf_value_kind kind;
    union {
        bool boolean;
        double number;
        struct mf_slice bytes;
    } as;
};

static inline struct mf_value mf_value_undefined(void)
{
    struct mf_value value = {MF_VALUE_UNDEFINED, {false}};
    return value;
}

static inline struct mf_value mf_value_bool(bool boolean)
{
    struct mf_value value = {MF_VALUE_BOOL, {boolean}};
    return value;
}

static inline struct mf_value mf_value_number(double number)
{
    struct mf_value value = {MF_VALUE_NUMBER, {false}};
    value.as.number = number;
    return value;
}

static inline struct mf_value mf_value_of(enum mf_value_kind kind, struct mf_slice bytes)
{
    struct mf_value value = {kind, {false}};
    value.as.bytes = bytes;
    return value;
}

/* ---- ops: what the runtime's JavaScript may ask of C --------------------------------------- */

typedef void (*mf_op_fn)(struct mf_op_call *call);

struct mf_op {
    const char *name; /* internals.ops.<name> */
    mf_op_fn fn;
};

/* The owner that mf_isolate_attach named; NULL in an isolate that is not attached. */
struct mf_isolate_host *mf_op_host(struct mf_op_call *call);
struct mf_isolate *mf_op_isolate(struct mf_op_call *call);
size_t mf_op_arg_count(const struct mf_op_call *call);
/* Each reads one argument WITHOUT running script: no conversion, no getter, no prototype. A value of another type,
 * an argument that is absent, or one past MF_EXECUTOR_OP_BYTES_MAX throws a TypeError or RangeError in the script
 * and returns MF_E_INVALID or MF_E_TOO_LARGE: the op then returns at once. Slices are copies that live until the op
 * returns. */
MF_MUST_CHECK int mf_op_arg_bool(struct mf_op_call *call, size_t index, bool *ret_value);
MF_MUST_CHECK int mf_op_arg_number(struct mf_op_call *call, size_t index, double *ret_value);
/* A whole number from 0 to UINT32_MAX. */
MF_MUST_CHECK int mf_op_arg_u32(struct mf_op_call *call, size_t index, uint32_t *ret_value);
/* A string as UTF-8; lone surrogates become U+FFFD. */
MF_MUST_CHECK int mf_op_arg_utf8(struct mf_op_call *call, size_t index, struct mf_slice *ret_text);
/* A string whose code units are all below 256, one byte each. */
MF_MUST_CHECK int mf_op_arg_latin1(struct mf_op_call *call, size_t index, struct mf_slice *ret_text);
/* The visible bytes of an ArrayBuffer or a view; detached, resizable and shared ones are refused. */
MF_MUST_CHECK int mf_op_arg_bytes(struct mf_op_call *call, size_t index, struct mf_slice *ret_bytes);

/* The run was ended meanwhile: what the op returns is seen by nobody. For ops that take long. */
bool mf_op_is_ending(const struct mf_op_call *call);

/* The op's result; undefined when none is set. Copies. Out of memory throws a RangeError. */
void mf_op_return(struct mf_op_call *call, struct mf_value value);
/* Fills the view in argument |index| (crypto.getRandomValues) with |bytes|, whose size must be the view's. */
MF_MUST_CHECK int mf_op_fill(struct mf_op_call *call, size_t index, struct mf_slice bytes);
/* What the ops keep for one isolate besides its host: one pointer, NULL until an op sets it. Ends with the isolate, in
 * the program's |state_free|. */
void **mf_op_state(struct mf_op_call *call);
/* Native memory that ops keep for an isolate beyond a call, counted like its ArrayBuffers. MF_E_LIMIT_MEMORY, and
 * nothing counted, past the run's limit. [isolate] */
MF_MUST_CHECK int mf_isolate_charge(struct mf_isolate *isolate, uint64_t bytes);
void mf_isolate_uncharge(struct mf_isolate *isolate, uint64_t bytes);
enum mf_op_error { MF_OP_ERROR, MF_OP_TYPE_ERROR, MF_OP_RANGE_ERROR };
void mf_op_throw(struct mf_op_call *call, enum mf_op_error kind, const char *message);

/* ---- the process -------------------------------------------------------------------------- */

struct mf_constant { /* internals.constants.<name> */
    const char *name;
    double number;
};

struct mf_engine_script { /* One file of the runtime. */
    const char *name;     /* "url.js"; in stack traces "mayfly:url.js". */
    struct mf_slice text; /* ASCII; static storage, never copied. */
    bool is_lazy;         /* false: run while the snapshot is made. true: compiled from a code cache at first use. */
};

struct mf_engine_asset { /* internals.asset(name), an ArrayBuffer: the stripper's wasm. Tool isolates only. */
    const char *name;
    struct mf_slice bytes;
};

/* What the runtime room brings; the same table, in the same order, when the snapshot is made and when it is used. */
struct mf_engine_program {
    const struct mf_op *ops;
    size_t ops_count;
    const struct mf_constant *constants;
    size_t constants_count;
    const struct mf_engine_script *scripts;
    size_t scripts_count;
    const struct mf_engine_asset *assets;
    size_t assets_count;
    /* Called by mf_isolate_free with what mf_op_state holds when that is not NULL; may uncharge. May be NULL. */
    void (*state_free)(MF_OWN void *state);
};

struct mf_engine_options {
    const struct mf_engine_program *program;
    struct mf_slice snapshot;  /* What mf_engine_make_snapshot wrote; static storage. Empty: run the scripts anew
                                  in each isolate (tests). */
    uint64_t memory_bytes_max; /* All that V8 may commit in this process: the backstop behind the runs' own limits. */
    bool is_jitless;
    const char *v8_flags;      /* The operator's own, may be NULL. MF_E_CONFIG when V8 does not know one. */
};

/* [main] Before any thread and before the jail; afterwards V8 opens nothing. */
MF_MUST_CHECK int mf_engine_init(const struct mf_engine_options *options);
const char *mf_engine_version(void);
/* [main] In a process of its own, without mf_engine_init: makes snapshot and code caches, appends them to |blob|. */
MF_MUST_CHECK int mf_engine_make_snapshot(const struct mf_engine_program *program, struct mf_buf *blob);

/* [any] Gives back to the system what is kept for the next isolates. They cost a little more then. */
void mf_engine_trim(void);

/* Called on the isolate's thread when V8 is out of memory and cannot return. The engine parks that thread for good
 * as soon as this returns; the isolate must never be entered or freed again. Must not call into the engine. */
typedef void (*mf_engine_on_oom)(struct mf_isolate_host *host, const char *where);
void mf_engine_set_oom_handler(mf_engine_on_oom on_oom);

/* ---- isolates ----------------------------------------------------------------------------- */

struct mf_isolate_options {
    uint64_t heap_bytes_max; /* V8's own limit; the largest a run may ask for. */
    bool is_tool;            /* Ours, not a guest's: may read assets. */
};

/* [isolate] From the snapshot, with its context ready: a standby isolate. MF_E_NO_MEMORY. */
MF_MUST_CHECK int
mf_isolate_new(const struct mf_isolate_options *options, MF_OWN struct mf_isolate **ret_isolate);
/* [isolate] NULL is fine. Not while entered. */
void mf_isolate_free(MF_OWN struct mf_isolate *isolate);

struct mf_isolate_limits {
    uint64_t memory_bytes_max; /* Heap, ArrayBuffers and wasm memories together. */
    bool is_clock_frozen;      /* Date.now() and internals.clock() stand still during a turn. */
};

/* [isolate] The isolate belongs to |host| from now on; once only. */
void mf_isolate_attach(struct mf_isolate *isolate,
                       struct mf_isolate_host *host,
                       const struct mf_isolate_limits *limits);

enum mf_module_kind {
    MF_MODULE_ESM,
    MF_MODULE_CJS,
    MF_MODULE_TEXT,
    MF_MODULE_DATA,
    MF_MODULE_JSON,
    MF_MODULE_WASM,
};

struct mf_module {
    enum mf_module_kind kind;
    struct mf_slice name; /* A path from the bundle's root, no leading slash: "lib/a.js". */
    struct mf_slice body; /* Borrowed until mf_isolate_free. UTF-8 for all kinds but DATA and WASM. */
    /* Where the body's text stood in the source that errors speak of: the "mappings" of a source map with one source,
     * borrowed likewise. Empty: where it is. https://tc39.es/ecma426/#sec-mappings */
    struct mf_slice mappings;
    /* What mf_isolate_code_cache made of a module with this very body, borrowed likewise; empty: none. V8 takes it as it is: whoever can
     * write it can run native code. Of ES modules only. */
    struct mf_slice cache;
};

/* [isolate] Once, after attach. Copies the table. MF_E_NOT_FOUND when |main| is not in it, MF_E_TOO_MANY,
 * MF_E_EXISTS for two of one name, MF_E_INVALID for a name that leaves the bundle's root. */
MF_MUST_CHECK int mf_isolate_set_modules(struct mf_isolate *isolate,
                                         const struct mf_module *modules,
                                         size_t count,
                                         struct mf_slice main);

enum mf_code_cache_use { MF_CODE_CACHE_NONE, MF_CODE_CACHE_USED, MF_CODE_CACHE_REJECTED };
/* [isolate] What became of the caches that came with the modules: one that V8 rejected makes it REJECTED. */
enum mf_code_cache_use mf_isolate_code_cache_use(const struct mf_isolate *isolate);
/* [isolate] Between _enter and _leave: appends V8's code cache of the module at |index| with all its functions that are compiled now. 0
 * without a byte: it is no ES module, or was not compiled. MF_E_TOO_LARGE. */
MF_MUST_CHECK int mf_isolate_code_cache(struct mf_isolate *isolate, size_t index, struct mf_buf *out);

/* [isolate] Begins a turn on the calling thread: takes the isolate, sets its stack limit for this thread, reads the
 * clock. |stack_bytes| is what script may use from here. */
void mf_isolate_enter(struct mf_isolate *isolate, size_t stack_bytes);
/* [isolate] Calls the runtime's dispatcher with |event| and |args|, then runs microtasks and V8's own tasks until
 * none is left. 0, or why the isolate was terminated (limit.*, canceled), or MF_E_INTERNAL when the dispatcher
 * threw. After an error the isolate is fit for nothing but mf_isolate_leave and mf_isolate_free. */
MF_MUST_CHECK int mf_isolate_deliver(struct mf_isolate *isolate,
                                     uint32_t event,
                                     const struct mf_value *args,
                                     size_t args_count);
/* [isolate] Ends the turn. */
void mf_isolate_leave(struct mf_isolate *isolate);

/* [any] The script sees no exception and runs no handler; the turn under way, or the next one, returns |error|. The
 * first reason wins. The isolate must not be freed meanwhile. */
void mf_isolate_terminate(struct mf_isolate *isolate, int error);

struct mf_isolate_memory {
    uint64_t heap_bytes;     /* What V8's heap has committed, and what V8 took with malloc. */
    uint64_t external_bytes; /* ArrayBuffers and wasm memories. */
    uint64_t peak_bytes;     /* The most of both together since attach. */
};

/* [any] Counted as it happens, no call into V8. */
void mf_isolate_memory(const struct mf_isolate *isolate, struct mf_isolate_memory *ret_memory);

#ifdef __cplusplus
}
#endif
#endif
