/* mayfly/base.h - the words every room shares: bytes, memory, lists, maps, clocks, log lines.
 *
 * Use:      include it first; nothing to initialise except mf_log_init in main().
 * Threads:  [any] every function; an object belongs to one thread at a time.
 * Owns:     MF_OWN moves a pointer to the other side; an unmarked pointer is borrowed for the call.
 * Limits:   every buffer, arena and map is born with its maximum (limits.h).
 * Fails:    below zero is an error of errors.h; ret_x parameters are set on success only.
 * Not here: sockets, files, threads, anything that blocks.
 */
#ifndef MAYFLY_BASE_H
#define MAYFLY_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <mayfly/errors.h>
#include <mayfly/limits.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- words ------------------------------------------------------------------------------- */

#define MF_OWN                                            /* Ownership moves with this pointer. */
#define MF_MUST_CHECK __attribute__((warn_unused_result)) /* Ignoring it is a bug. */
#define MF_PRINTF(format_index, args_index) __attribute__((format(printf, format_index, args_index)))
#define MF_NORETURN __attribute__((noreturn))
#define MF_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define MF_CONTAINER_OF(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* Our own bug: always checked, in release too. A peer's or a script's fault is an error value. */
#define MF_ASSERT(condition) ((condition) ? (void)0 : mf_assert_failed(#condition, __FILE__, __LINE__))
/* A place that is never reached; |why| is a string. */
#define MF_UNREACHABLE(why) mf_assert_failed(why, __FILE__, __LINE__)
MF_NORETURN void mf_assert_failed(const char *condition, const char *file, int line);

/* ---- errors (errors.h) -------------------------------------------------------------------- */

/* The stable machine code ("limit.cpu") and the sentence of |error|; never NULL. Also knows -errno. */
const char *mf_error_code(int error);
const char *mf_error_message(int error);
/* The HTTP status that the API answers with for |error|. */
int mf_error_status(int error);

/* The result does not matter here; a comment beside the call says why. */
static inline void mf_ignore(int result)
{
    (void)result;
}

/* ---- slice: bytes that somebody else owns ------------------------------------------------- */

struct mf_slice {
    const uint8_t *data; /* May be NULL when size is 0. */
    size_t size;
};

static inline struct mf_slice mf_slice_of(const void *data, size_t size)
{
    struct mf_slice slice = {(const uint8_t *)data, size};
    return slice;
}

static inline struct mf_slice mf_slice_of_cstr(const char *text)
{
    return mf_slice_of(text, strlen(text));
}

bool mf_slice_equal(struct mf_slice a, struct mf_slice b);
bool mf_slice_equal_cstr(struct mf_slice a, const char *b);
/* ASCII case is ignored: header names, schemes. */
bool mf_slice_equal_nocase(struct mf_slice a, const char *b);
bool mf_slice_starts_with(struct mf_slice a, const char *prefix);
bool mf_slice_ends_with(struct mf_slice a, const char *suffix);
/* Decimal, no sign, no blanks; MF_E_INVALID on anything else or past |max|. */
MF_MUST_CHECK int mf_slice_parse_u64(struct mf_slice a, uint64_t max, uint64_t *ret_value);
/* Without blanks and tabs at both ends: a header's value. */
struct mf_slice mf_slice_trim(struct mf_slice a);
static inline bool mf_is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}
/* What a hexadecimal digit of either case stands for, or -1. */
int mf_hex_digit(uint8_t c);
/* True when every byte belongs to well-formed UTF-8 (no surrogates, nothing past U+10FFFF). */
bool mf_slice_is_utf8(struct mf_slice a);

/* ---- memory ------------------------------------------------------------------------------- */

/* For our own fixed-size objects: zeroed, never NULL; aborts when memory is gone. */
void *mf_new(size_t size);
/* For any size that a peer chose: zeroed, NULL when refused. */
MF_MUST_CHECK void *mf_try_alloc(size_t size);
/* As realloc(3): what is new is not zeroed; on NULL |memory| is as it was. */
MF_MUST_CHECK void *mf_try_realloc(MF_OWN void *memory, size_t size);
void mf_free(MF_OWN void *memory);
/* Wipes |size| bytes so that the compiler may not drop it. For secrets. */
void mf_wipe(void *memory, size_t size);
/* mf_free, with all of its bytes wiped before. */
void mf_free_wiped(MF_OWN void *memory);

/* ---- buf: growing bytes with a maximum ---------------------------------------------------- */

struct mf_buf {
    uint8_t *data;
    size_t size;      /* Bytes that are in use. */
    size_t capacity;  /* Bytes that are allocated. */
    size_t bytes_max; /* Never holds more: MF_E_TOO_LARGE. */
};

void mf_buf_init(struct mf_buf *buf, size_t bytes_max);
void mf_buf_done(struct mf_buf *buf);                              /* Frees; zeroed storage is fine. */
void mf_buf_reset(struct mf_buf *buf);                             /* Empty, keeps the memory. */
MF_MUST_CHECK int mf_buf_reserve(struct mf_buf *buf, size_t more); /* Room for |more| bytes. */
MF_MUST_CHECK int mf_buf_append(struct mf_buf *buf, const void *data, size_t size);
MF_MUST_CHECK int mf_buf_append_slice(struct mf_buf *buf, struct mf_slice slice);
MF_MUST_CHECK int mf_buf_append_cstr(struct mf_buf *buf, const char *text);
MF_MUST_CHECK int mf_buf_printf(struct mf_buf *buf, const char *format, ...) MF_PRINTF(2, 3);
void mf_buf_consume(struct mf_buf *buf, size_t size);  /* Drops |size| bytes at the front. */
struct mf_slice mf_buf_peek(const struct mf_buf *buf); /* Valid until the next change. */
/* Moves the bytes out (mf_free them); the buffer is empty after it. NULL when it was empty. */
MF_OWN uint8_t *mf_buf_take(struct mf_buf *buf, size_t *ret_size);

/* Appends |text| as a JSON string with its quotes; ill-formed UTF-8 becomes U+FFFD; controls, quotes,
 * DEL, U+2028 and U+2029 are escaped, so that the result can stand in a log line, a header or a page. */
MF_MUST_CHECK int mf_buf_append_json_string(struct mf_buf *buf, struct mf_slice text);
MF_MUST_CHECK int mf_buf_append_base64(struct mf_buf *buf, struct mf_slice bytes);
/* Strict RFC 4648 section 4 with padding; MF_E_INVALID on anything else. */
MF_MUST_CHECK int mf_buf_append_base64_decoded(struct mf_buf *buf, struct mf_slice text);

/* ---- arena: memory that ends with one request --------------------------------------------- */

struct mf_arena;

MF_OWN struct mf_arena *mf_arena_new(size_t bytes_max);
/* NULL is fine. Runs the deferred calls, last first. */
void mf_arena_free(MF_OWN struct mf_arena *arena);
/* Zeroed, 16-byte aligned; NULL past bytes_max or when memory is gone. */
MF_MUST_CHECK void *mf_arena_try_alloc(struct mf_arena *arena, size_t size);
/* A copy with a NUL behind it (not counted in ret_copy->size). */
MF_MUST_CHECK int mf_arena_copy(struct mf_arena *arena, struct mf_slice bytes, struct mf_slice *ret_copy);
MF_MUST_CHECK int mf_arena_printf(struct mf_arena *arena, struct mf_slice *ret_text, const char *format, ...)
    MF_PRINTF(3, 4);
/* Calls |fn(data)| when the arena is freed. */
MF_MUST_CHECK int mf_arena_defer(struct mf_arena *arena, void (*fn)(void *data), void *data);

/* ---- list: intrusive, doubly linked, circular --------------------------------------------- */

struct mf_list {
    struct mf_list *next;
    struct mf_list *prev;
};

static inline void mf_list_init(struct mf_list *list)
{
    list->next = list;
    list->prev = list;
}

static inline bool mf_list_is_empty(const struct mf_list *list)
{
    return list->next == list;
}

static inline void mf_list_push_back(struct mf_list *list, struct mf_list *item)
{
    item->prev = list->prev;
    item->next = list;
    list->prev->next = item;
    list->prev = item;
}

static inline void mf_list_push_front(struct mf_list *list, struct mf_list *item)
{
    mf_list_push_back(list->next, item);
}

/* The item may be removed twice: it points at itself afterwards. */
static inline void mf_list_remove(struct mf_list *item)
{
    item->prev->next = item->next;
    item->next->prev = item->prev;
    mf_list_init(item);
}

static inline struct mf_list *mf_list_pop_front(struct mf_list *list)
{
    struct mf_list *item = list->next;
    if (item == list) {
        return NULL;
    }
    mf_list_remove(item);
    return item;
}

/* |item| may be removed inside the loop; nothing else may. */
#define MF_LIST_FOR_EACH(item, list)                                                                         \
    for (struct mf_list *item = (list)->next, *item##_next = item->next; item != (list);                     \
         item = item##_next, item##_next = item->next)

/* ---- map: number -> pointer, open addressing, grows to count_max -------------------------- */

struct mf_map;

MF_OWN struct mf_map *mf_map_new(size_t count_max);
void mf_map_free(MF_OWN struct mf_map *map); /* NULL is fine. The values are the caller's. */
/* MF_E_EXISTS, MF_E_TOO_MANY or MF_E_NO_MEMORY. |value| is not NULL. */
MF_MUST_CHECK int mf_map_put(struct mf_map *map, uint64_t key, void *value);
void *mf_map_get(const struct mf_map *map, uint64_t key); /* NULL when absent. */
void *mf_map_take(struct mf_map *map, uint64_t key);      /* Removes it. */
size_t mf_map_count(const struct mf_map *map);
/* Walks in no order: start with *cursor = 0, ends with NULL. Nothing may be put or taken meanwhile. */
void *mf_map_next(const struct mf_map *map, size_t *cursor);

/* Siphash-1-3 of |bytes| under a key drawn once for each process: for tables that a peer can fill. */
uint64_t mf_hash(struct mf_slice bytes);

/* ---- clock, randomness -------------------------------------------------------------------- */

#define MF_NS_PER_MS UINT64_C(1000000)
#define MF_NS_PER_S UINT64_C(1000000000)
#define MF_DEADLINE_NEVER UINT64_MAX

uint64_t mf_clock_now_ns(void);        /* Monotonic. */
uint64_t mf_clock_thread_cpu_ns(void); /* CPU time of the calling thread. */
uint64_t mf_clock_unix_ms(void);       /* Wall clock, milliseconds since 1970. */
/* From the kernel; aborts when it cannot. */
void mf_random_bytes(void *bytes, size_t size);
/* |prefix| and 24 random characters of [0-9a-z]: 124 bits, unguessable. |text| holds MF_ID_BYTES_MAX. */
void mf_random_id(const char *prefix, char *text);

/* ---- log: one JSON line an event, to standard error --------------------------------------- */

enum mf_log_level { MF_LOG_DEBUG, MF_LOG_INFO, MF_LOG_WARN, MF_LOG_ERROR };

void mf_log_init(const char *program, enum mf_log_level least);
void mf_log_set_least(enum mf_log_level least); /* Any thread. */
/* |error| 0 adds nothing; else its code is added. |id| (may be NULL) is the run or request. The text is
 * escaped; never give it header values, bodies, script output or secrets. Lines past
 * MF_LOG_LINES_PER_SECOND_MAX are dropped and the next line says how many. */
void mf_log(enum mf_log_level level, int error, const char *id, const char *format, ...) MF_PRINTF(4, 5);

/* Whom a line is about; each may be NULL or "". */
struct mf_log_subject {
    const char *id;     /* The run or request. */
    const char *tenant; /* Whose it is. */
    const char *trace;  /* The trace that it belongs to, in hexadecimal. */
};
void mf_log_of(enum mf_log_level level,
               int error,
               const struct mf_log_subject *subject,
               const char *format,
               ...) MF_PRINTF(4, 5);

#ifdef __cplusplus
}
#endif
#endif
