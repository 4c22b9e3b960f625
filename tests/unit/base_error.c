/* The error table: every row answers, errno is known, nothing unknown crashes. */
#include <mayfly/base.h>

#include <errno.h>
#include <limits.h>

#include "check.h"

static void rows_answer(void)
{
    MF_CHECK(strcmp(mf_error_code(MF_E_LIMIT_CPU), "limit.cpu") == 0);
    MF_CHECK(strcmp(mf_error_message(MF_E_LIMIT_CPU), "Worker exceeded CPU time limit.") == 0);
    MF_CHECK_INT(mf_error_status(MF_E_LIMIT_WALL), 504);
    MF_CHECK_INT(mf_error_status(MF_E_TOO_MANY), 429);
}

static void rows_are_well_formed(void)
{
    static const struct {
        int number;
        int status;
        const char *code;
    } rows[] = {
#define XX(name, number, status, code, sentence) {(number), (status), (code)},
        MF_ERROR_MAP(XX)
#undef XX
    };
    for (size_t i = 0; i < MF_COUNT_OF(rows); i++) {
        MF_CHECK(rows[i].number < -6000);
        MF_CHECK(rows[i].status >= 400 && rows[i].status <= 599);
        for (size_t j = 0; j < i; j++) {
            MF_CHECK(rows[i].number != rows[j].number);
            MF_CHECK(strcmp(rows[i].code, rows[j].code) != 0);
        }
    }
}

static void errno_is_known(void)
{
    MF_CHECK(strcmp(mf_error_code(-ENOENT), "ENOENT") == 0);
    MF_CHECK(strcmp(mf_error_message(-ENOENT), "No such file or directory") == 0);
    MF_CHECK_INT(mf_error_status(-ENOENT), 500);
}

static void others_are_answered(void)
{
    MF_CHECK(strcmp(mf_error_code(0), "ok") == 0);
    MF_CHECK(strcmp(mf_error_code(7), "ok") == 0);
    MF_CHECK_INT(mf_error_status(0), 200);
    MF_CHECK(strcmp(mf_error_code(-5999), "unknown") == 0);
    MF_CHECK(strcmp(mf_error_code(INT_MIN), "unknown") == 0);
    MF_CHECK(mf_error_message(INT_MIN) != NULL);
    MF_CHECK_INT(mf_error_status(INT_MIN), 500);
}

int main(void)
{
    MF_RUN(rows_answer);
    MF_RUN(rows_are_well_formed);
    MF_RUN(errno_is_known);
    MF_RUN(others_are_answered);
    return 0;
}
