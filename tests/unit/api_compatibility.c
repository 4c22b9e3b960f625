/* compatibilityDate and compatibilityFlags, with Cloudflare's texts. */
#include "check.h"
#include "compatibility.h"

#define NOW_MS UINT64_C(1795392000000) /* 2026-11-23 */

static int date(const char *text, struct mf_buf *why)
{
    mf_buf_reset(why);
    return mf__compatibility_check_date(mf_slice_of_cstr(text), NOW_MS, why);
}

static void dates(void)
{
    static const char *const good[] = {"2021-11-03", "2024-02-29", "2026-11-22", "2026-11-23"};
    static const char *const bad[] = {"",           "2024-1-1", "2023-02-29",  "2024-13-01", "2024-00-10",
                                      "2024-04-31", "20240101", "2024-01-01 ", "abcd-ef-gh", "2024/01/01"};
    struct mf_buf why;

    mf_buf_init(&why, 512);
    for (size_t i = 0; i < MF_COUNT_OF(good); i++) {
        MF_CHECK_INT(date(good[i], &why), 0);
    }
    for (size_t i = 0; i < MF_COUNT_OF(bad); i++) {
        MF_CHECK_INT(date(bad[i], &why), MF_E_API_CODE);
        MF_CHECK(mf_slice_starts_with(mf_buf_peek(&why), "Invalid compatibility date: "));
    }
    MF_CHECK_INT(date("2026-11-24", &why), MF_E_API_CODE);
    MF_CHECK_TEXT(
        mf_buf_peek(&why),
        "Can't set compatibility date in the future: \"2026-11-24\". Today's date (UTC) is \"2026-11-23\".");
    mf_buf_done(&why);
}

static void flags_one(const char *a, const char *b, int expected, const char *sentence)
{
    struct mf_slice flags[2] = {mf_slice_of_cstr(a), mf_slice_of_cstr(b == NULL ? "" : b)};
    struct mf_buf why;

    mf_buf_init(&why, 512);
    MF_CHECK_INT(mf__compatibility_check_flags(flags, b == NULL ? 1 : 2, &why), expected);
    MF_CHECK_TEXT(mf_buf_peek(&why), sentence);
    mf_buf_done(&why);
}

static void flags(void)
{
    flags_one("nodejs_compat", NULL, 0, "");
    flags_one("nodejs_compat", "url_standard", 0, "");
    flags_one("", NULL, MF_E_API_CODE, "No such compatibility flag: ");
    flags_one("nodejs_compat", "x", MF_E_API_CODE, "No such compatibility flag: x");
    flags_one("url_standard", "url_standard", MF_E_API_CODE,
              "Compatibility flag specified multiple times: url_standard");
    flags_one("url_original", "url_standard", MF_E_API_CODE,
              "Compatibility flags are mutually contradictory: url_standard vs url_original");
}

int main(void)
{
    MF_RUN(dates);
    MF_RUN(flags);
    return 0;
}
