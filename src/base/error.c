/* error.c - the error table (errors.h) as functions; -errno is known too, through the C library's static
 * names. */
#include <mayfly/base.h>

#include <limits.h>

struct error_row {
    int number;
    int status;
    const char *code;
    const char *sentence;
};

static const struct error_row rows[] = {
#define XX(name, number, status, code, sentence) {(number), (status), (code), (sentence)},
    MF_ERROR_MAP(XX)
#undef XX
};

#define STATUS_OF_A_BUG 500

static const struct error_row *row_find(int error)
{
    for (size_t i = 0; i < MF_COUNT_OF(rows); i++) {
        if (rows[i].number == error) {
            return &rows[i];
        }
    }
    return NULL;
}

/* INT_MIN has no positive twin, and is nobody's errno. */
static int errno_of(int error)
{
    return error < 0 && error != INT_MIN ? -error : INT_MAX;
}

const char *mf_error_code(int error)
{
    const struct error_row *row = row_find(error);
    if (row != NULL) {
        return row->code;
    }
    if (error >= 0) {
        return "ok";
    }
    const char *name = strerrorname_np(errno_of(error));
    return name != NULL ? name : "unknown";
}

const char *mf_error_message(int error)
{
    const struct error_row *row = row_find(error);
    if (row != NULL) {
        return row->sentence;
    }
    if (error >= 0) {
        return "No error.";
    }
    const char *sentence = strerrordesc_np(errno_of(error));
    return sentence != NULL ? sentence : "An error without a name.";
}

int mf_error_status(int error)
{
    const struct error_row *row = row_find(error);
    if (row != NULL) {
        return row->status;
    }
    return error >= 0 ? 200 : STATUS_OF_A_BUG;
}
