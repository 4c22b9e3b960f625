/* A policy and a request that meets it, in one input: a URL up to the first line end, then the policy's JSON. What is refused
 * says where; what is taken can be asked about; and a request that may go is one that can be sent. */
#include "headers.h"
#include "match.h"

#include <cjson/cJSON.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_faults(const struct mf_policy_faults *faults)
{
    struct mf_slice pointer;
    struct mf_slice sentence;
    size_t cursor = 0;
    size_t count = 0;

    while (mf_policy_faults_next(faults, &cursor, &pointer, &sentence)) {
        MF_ASSERT(sentence.size > 0 && (pointer.size == 0 || pointer.data[0] == '/'));
        count++;
    }
    MF_ASSERT(count == faults->count && count <= MF_OUTBOUND_FAULTS_MAX);
}

static void check_request(const struct mf_policy *policy, struct mf_slice url)
{
    static const char headers_text[] = "host\0x\0authorization\0y\0connection\0authorization\0";
    struct mf_slice headers = mf_slice_of(headers_text, sizeof headers_text - 1);
    struct mf__request request;
    struct mf__url parsed;
    struct mf_http_header header;
    size_t cursor = 0;

    mf__request_init(&request);
    if (mf__request_judge(&request, policy, mf_slice_of_cstr("GET"), url, headers) == 0) {
        MF_ASSERT(request.rule != NULL && request.rule->action != MF__ACTION_DENY);
        MF_ASSERT(mf__url_parse(mf_buf_peek(&request.url_text), &parsed) == 0);
        MF_ASSERT(parsed.is_https || request.rule->allows_http);
        while (mf_http_headers_next(mf_buf_peek(&request.headers), &cursor, &header) == 1) {
            MF_ASSERT(!mf__headers_is_daemons(header.name));
        }
    } else {
        MF_ASSERT(request.url_text.size == 0 && request.headers.size == 0);
    }
    mf__request_done(&request);
}

static void check_explain(const struct mf_policy *policy, struct mf_slice url)
{
    struct mf_buf out;

    mf_buf_init(&out, 1048576);
    struct mf_policy_request request = {mf_slice_of_cstr("GET"), url, mf_slice_of(NULL, 0)};
    int error = mf_policy_explain(policy, NULL, mf_slice_of_cstr(""), &request, &out);
    MF_ASSERT(error == 0);
    cJSON *json = cJSON_ParseWithLength((const char *)out.data, out.size);
    MF_ASSERT(cJSON_IsObject(json));
    cJSON_Delete(json);
    mf_buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = memchr(data, '\n', size);
    struct mf_policy_faults faults;
    struct mf_policy *policy = NULL;
    cJSON *json;

    if (end == NULL) {
        return 0;
    }
    json = cJSON_ParseWithLength((const char *)end, size - (size_t)(end - data));
    if (json == NULL) {
        return 0;
    }
    mf_policy_faults_init(&faults);
    int error = mf_policy_read(json, "", &policy, &faults);
    cJSON_Delete(json);
    check_faults(&faults);
    MF_ASSERT((error == 0) == (faults.count == 0) && (error == 0) == (policy != NULL));
    if (error == 0) {
        check_request(policy, mf_slice_of(data, (size_t)(end - data)));
        check_explain(policy, mf_slice_of(data, (size_t)(end - data)));
    }
    mf_policy_unref(policy);
    mf_policy_faults_done(&faults);
    return 0;
}
