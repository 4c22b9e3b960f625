/* A hostile body of a PUT: what is taken can be stored and is taken again at the next start; what is refused says why, in
 * JSON. */
#include <cjson/cJSON.h>

#include "internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mf_secret *secret = NULL;
    struct mf_secret *again = NULL;
    struct mf_buf faults;
    cJSON *body = cJSON_ParseWithLength((const char *)data, size);

    if (body == NULL) {
        return 0;
    }
    mf_buf_init(&faults, 65536);
    int rc = mf_secret_read(body, &secret, &faults);
    cJSON_Delete(body);
    MF_ASSERT(rc == 0 || rc == MF_E_API_FIELD);
    MF_ASSERT((rc == 0) == (faults.size == 0));
    if (rc == 0) {
        rc = mf__record_decode(mf_slice_of(secret->record, secret->record_size), &again);
        MF_ASSERT(rc == 0);
        MF_ASSERT(again->hosts_count == secret->hosts_count &&
                  again->is_http_allowed == secret->is_http_allowed);
        mf_secret_unref(again);
        mf_secret_unref(secret);
    } else {
        /* "[" and "]" around them make an array. */
        struct mf_buf list;
        mf_buf_init(&list, faults.size + 2);
        rc = mf_buf_append_cstr(&list, "[");
        rc = rc < 0 ? rc : mf_buf_append_slice(&list, mf_buf_peek(&faults));
        rc = rc < 0 ? rc : mf_buf_append_cstr(&list, "]");
        MF_ASSERT(rc == 0);
        body = cJSON_ParseWithLength((const char *)list.data, list.size);
        MF_ASSERT(cJSON_IsArray(body) && cJSON_GetArraySize(body) > 0);
        cJSON_Delete(body);
        mf_buf_done(&list);
    }
    mf_buf_done(&faults);
    return 0;
}
