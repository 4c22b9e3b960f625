#include "precondition.h"

static bool copy(const struct mf_request *request, const char *name, char *ret_text, bool *ret_has)
{
    struct mf_slice value = mf_request_header(request, name);

    *ret_has = value.data != NULL;
    if (value.size >= MF_API_PRECONDITION_BYTES_MAX) {
        return false;
    }
    if (value.size > 0) {
        memcpy(ret_text, value.data, value.size);
    }
    ret_text[value.size] = '\0';
    return true;
}

void mf__precondition_read(const struct mf_request *request, struct mf__precondition *ret_precondition)
{
    bool is_fine = copy(request, "if-match", ret_precondition->match, &ret_precondition->has_match);

    is_fine = copy(request, "if-none-match", ret_precondition->none_match, &ret_precondition->has_none_match) &&
              is_fine;
    ret_precondition->is_too_long = !is_fine;
}

/* Whether a list such as  "a", W/"b"  names |etag|. With |is_weak| its weak entries count too. */
static bool names(const char *list, const char *etag, bool is_weak)
{
    size_t size = strlen(etag);

    for (const char *at = list; (at = strstr(at, etag)) != NULL; at += size) {
        bool is_first = at == list || at[-1] == ' ' || at[-1] == ',' || at[-1] == '\t';
        bool is_weak_one = at >= list + 2 && at[-1] == '/' && at[-2] == 'W';
        if (is_first || (is_weak && is_weak_one)) {
            return true;
        }
    }
    return false;
}

int mf__precondition_check(const struct mf__precondition *precondition, const char *etag)
{
    const char *match = precondition->match;
    const char *none_match = precondition->none_match;
    bool is_fine = !precondition->is_too_long;

    if (precondition->has_match) {
        is_fine = is_fine && etag != NULL && (strcmp(match, "*") == 0 || names(match, etag, false));
    }
    if (precondition->has_none_match) {
        is_fine = is_fine && (etag == NULL || (strcmp(none_match, "*") != 0 && !names(none_match, etag, true)));
    }
    return is_fine ? 0 : MF_E_API_PRECONDITION;
}
