/* date.c - IMF-fixdate (RFC 9110 5.6.7), made once a second. */
#include <mayfly/http.h>

#include <stdio.h>
#include <time.h>

/* Not strftime: its names follow the locale. */
static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

struct mf_slice mf_http_date_at(struct mf_http_date *date, uint64_t unix_ms)
{
    uint64_t second = unix_ms / 1000;

    if (date->text[0] == '\0' || date->second != second) {
        time_t seconds = (time_t)second;
        struct tm parts;
        MF_ASSERT(gmtime_r(&seconds, &parts) != NULL);
        unsigned year = (unsigned)(parts.tm_year + 1900) % 10000u; /* Four digits, whatever the clock says. */
        snprintf(date->text, sizeof(date->text), "%s, %02u %s %04u %02u:%02u:%02u GMT", days[parts.tm_wday],
                 (unsigned)parts.tm_mday % 100u, months[parts.tm_mon], year, (unsigned)parts.tm_hour % 100u,
                 (unsigned)parts.tm_min % 100u, (unsigned)parts.tm_sec % 100u);
        date->second = second;
    }
    return mf_slice_of_cstr(date->text);
}
