#include "compatibility.h"

#include <time.h>

struct flag {
    const char *enable;
    const char *disable;
};

static const struct flag flags_known[] = {
#define FLAG(enable, disable) {enable, disable},
#include "compatibility.def"
#undef FLAG
};

/* A sentence that does not fit is left out; the refusal stands. */
#define REFUSE(why, ...) (mf_ignore(mf_buf_printf((why), __VA_ARGS__)), MF_E_API_CODE)

static bool is_leap(uint64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool is_date(struct mf_slice date)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    uint64_t year;
    uint64_t month;
    uint64_t day;

    if (date.size != 10 || date.data[4] != '-' || date.data[7] != '-' ||
        mf_slice_parse_u64(mf_slice_of(date.data, 4), 9999, &year) < 0 ||
        mf_slice_parse_u64(mf_slice_of(date.data + 5, 2), 12, &month) < 0 ||
        mf_slice_parse_u64(mf_slice_of(date.data + 8, 2), 31, &day) < 0) {
        return false;
    }
    if (year < 1970 || month < 1 || day < 1) {
        return false;
    }
    return day <= days[month - 1] || (month == 2 && day == 29 && is_leap(year));
}

int mf__compatibility_check_date(struct mf_slice date, uint64_t now_unix_ms, struct mf_buf *ret_why)
{
    time_t now = (time_t)(now_unix_ms / 1000);
    struct tm tm;
    char today[16];

    if (!is_date(date)) {
        return REFUSE(ret_why, "Invalid compatibility date: %.*s", (int)date.size, (const char *)date.data);
    }
    (void)gmtime_r(&now, &tm);
    (void)strftime(today, sizeof today, "%Y-%m-%d", &tm);
    /* Dates of this form sort as text. */
    if (memcmp(date.data, today, 10) > 0) {
        return REFUSE(ret_why,
                      "Can't set compatibility date in the future: \"%.*s\". Today's date (UTC) is \"%s\".",
                      (int)date.size, (const char *)date.data, today);
    }
    return 0;
}

/* The row that knows |name|, or NULL. */
static const struct flag *find_flag(struct mf_slice name)
{
    if (name.size == 0) {
        return NULL;
    }
    for (size_t i = 0; i < MF_COUNT_OF(flags_known); i++) {
        if (mf_slice_equal_cstr(name, flags_known[i].enable) ||
            mf_slice_equal_cstr(name, flags_known[i].disable)) {
            return &flags_known[i];
        }
    }
    return NULL;
}

static int check_pair(const struct flag *row, struct mf_slice a, struct mf_slice b, struct mf_buf *ret_why)
{
    if (mf_slice_equal(a, b)) {
        return REFUSE(ret_why, "Compatibility flag specified multiple times: %.*s", (int)b.size,
                      (const char *)b.data);
    }
    if (row == find_flag(b)) {
        return REFUSE(ret_why, "Compatibility flags are mutually contradictory: %s vs %s", row->enable,
                      row->disable);
    }
    return 0;
}

int mf__compatibility_check_flags(const struct mf_slice *flags, size_t count, struct mf_buf *ret_why)
{
    MF_ASSERT(count <= MF_COMPATIBILITY_FLAGS_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct flag *row = find_flag(flags[i]);
        if (row == NULL) {
            return REFUSE(ret_why, "No such compatibility flag: %.*s", (int)flags[i].size,
                          (const char *)flags[i].data);
        }
        for (size_t j = i + 1; j < count; j++) {
            int rc = check_pair(row, flags[i], flags[j], ret_why);
            if (rc < 0) {
                return rc;
            }
        }
    }
    return 0;
}
