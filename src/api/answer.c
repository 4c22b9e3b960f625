#include "answer.h"

#include "json_text.h"

static int refuse_answer(struct mf_buf *ret_why, const char *why)
{
    mf_ignore(mf_buf_append_cstr(ret_why, why));
    return MF_E_API_FIELD;
}

bool mf__answer_is_error(struct mf_slice error)
{
    struct mf_slice key, value;
    size_t cursor = 0;

    while (mf__json_text_next(error, &cursor, &key, &value) > 0) {
        if (mf_slice_equal_cstr(key, "message")) {
            return value.data[0] == '"';
        }
    }
    return false;
}

int mf__answer_check(struct mf_buf *answer, bool *ret_is_pause, struct mf_buf *ret_why)
{
    struct mf_slice object, key, value;
    size_t cursor = 0;
    unsigned count = 0;
    int rc = mf__json_text_check(mf_buf_peek(answer), &object);

    *ret_is_pause = false;
    if (rc < 0) {
        return rc;
    }
    mf_buf_consume(answer, (size_t)(object.data - answer->data));
    answer->size = object.size;
    object = mf_buf_peek(answer);
    if (object.data[0] != '{') {
        return refuse_answer(ret_why, "An answer is an object with ok, error or control.");
    }
    while (mf__json_text_next(object, &cursor, &key, &value) > 0) {
        if (count++ > 0) {
            return refuse_answer(ret_why, "An answer has one of ok, error and control.");
        }
        if (mf_slice_equal_cstr(key, "error")) {
            if (!mf__answer_is_error(value)) {
                return refuse_answer(ret_why, "/error must have a message, a string.");
            }
        } else if (mf_slice_equal_cstr(key, "control")) {
            *ret_is_pause = mf_slice_equal_cstr(value, "\"pause\"");
            if (!*ret_is_pause) {
                return refuse_answer(ret_why, "/control must be \"pause\".");
            }
        } else if (!mf_slice_equal_cstr(key, "ok")) {
            return refuse_answer(ret_why, "An answer has one of ok, error and control.");
        }
    }
    return 0;
}
