/* The calendar of log.c beside the C library's, for every day of 400 years: it is static, so log.c is part of
 * this test. */
#include "log.c"

#include <time.h>

#include "check.h"

static void agrees_with_gmtime(void)
{
    for (uint64_t day = 0; day < 146097; day++) {
        unsigned year, month, month_day;
        struct tm parts;
        time_t seconds = (time_t)(day * 86400);
        MF_CHECK(gmtime_r(&seconds, &parts) != NULL);
        date_of(day, &year, &month, &month_day);
        MF_CHECK_INT(year, parts.tm_year + 1900);
        MF_CHECK_INT(month, parts.tm_mon + 1);
        MF_CHECK_INT(month_day, parts.tm_mday);
    }
}

int main(void)
{
    MF_RUN(agrees_with_gmtime);
    return 0;
}
