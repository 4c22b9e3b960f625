/* A request for declarations as JSON: whatever the schemas are, the text is whole TypeScript and the answer is JSON. */
#include <mayfly/tools.h>

#include "tools_lexer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_answer(struct mf_slice answer)
{
    cJSON *json = cJSON_ParseWithLength((const char *)answer.data, answer.size);
    const cJSON *types = cJSON_GetObjectItemCaseSensitive(json, "types");
    const cJSON *tools = cJSON_GetObjectItemCaseSensitive(json, "tools");
    const cJSON *total = cJSON_GetObjectItemCaseSensitive(json, "total");

    MF_ASSERT(cJSON_IsString(types) && cJSON_IsArray(tools) && cJSON_IsNumber(total));
    MF_ASSERT(cJSON_GetArraySize(tools) <= (int)total->valuedouble);
    MF_ASSERT(lexer_is_whole(mf_slice_of_cstr(types->valuestring)));
    cJSON_Delete(json);
}

static void try_one(const cJSON *root, bool is_index)
{
    const cJSON *search = cJSON_GetObjectItemCaseSensitive(root, "search");
    struct mf_tools_request request = {.namespaces = cJSON_GetObjectItemCaseSensitive(root, "namespaces"),
                                       .pick = cJSON_GetObjectItemCaseSensitive(root, "only"),
                                       .count_max = MF_TOOLS_COUNT_MAX,
                                       .is_index = is_index};
    struct mf_tools_fault fault;
    struct mf_buf answer;
    int rc;

    if (cJSON_IsString(search)) {
        request.search = mf_slice_of_cstr(search->valuestring);
    }
    mf_buf_init(&answer, MF_TOOLS_ANSWER_BYTES_MAX);
    mf_tools_fault_init(&fault);
    rc = mf_tools_write(&request, &answer, &fault);
    if (rc == 0) {
        check_answer(mf_buf_peek(&answer));
    } else {
        MF_ASSERT(rc == MF_E_TOO_LARGE ||
                  (rc == MF_E_API_FIELD && fault.why.size > 0 && fault.param.data[0] == '/'));
    }
    mf_tools_fault_done(&fault);
    mf_buf_done(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cJSON *root;

    /* What the api room refuses before: ill-formed UTF-8, and NUL inside a string. */
    if (!mf_slice_is_utf8(mf_slice_of(data, size)) || memmem(data, size, "\\u0000", 6) != NULL) {
        return 0;
    }
    root = cJSON_ParseWithLength((const char *)data, size);
    if (root != NULL) {
        try_one(root, false);
        try_one(root, true);
    }
    cJSON_Delete(root);
    return 0;
}
