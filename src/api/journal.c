#include "journal.h"

#include "json.h"

void mf__journal_init(struct mf__journal *journal, bool is_on, MF_OWN struct cJSON *before)
{
    memset(journal, 0, sizeof *journal);
    journal->is_on = is_on;
    journal->before = before;
    if (!is_on) {
        return;
    }
    journal->entries = mf_map_new(MF_RUN_CALLS_MAX);
    journal->by_number = mf_map_new(MF_RUN_CALLS_MAX);
    for (cJSON *entry = before == NULL ? NULL : before->child; entry != NULL; entry = entry->next) {
        int rc = mf_map_put(journal->by_number, (uint64_t)mf__json_get(entry, "n")->valuedouble, entry);
        if (rc < 0) {
            break; /* No memory: those calls are asked for. */
        }
    }
}

void mf__journal_done(struct mf__journal *journal)
{
    struct mf_buf *entry;
    size_t cursor = 0;

    while (journal->entries != NULL && (entry = mf_map_next(journal->entries, &cursor)) != NULL) {
        mf_buf_done(entry);
        mf_free(entry);
    }
    mf_map_free(journal->entries);
    mf_map_free(journal->by_number);
    cJSON_Delete(journal->before);
    memset(journal, 0, sizeof *journal);
}

/* ---- what was before ---------------------------------------------------------------------------------------- */

static bool is_same(const cJSON *entry, const struct mf__tool_call *call)
{
    cJSON *args;
    bool is_equal;

    if (strcmp(mf__json_get(entry, "namespace")->valuestring, call->space) != 0 ||
        strcmp(mf__json_get(entry, "name")->valuestring, call->name) != 0) {
        return false;
    }
    args = cJSON_ParseWithLength((const char *)call->args.data, call->args.size);
    is_equal = args != NULL && cJSON_Compare(args, mf__json_get(entry, "args"), true);
    cJSON_Delete(args);
    return is_equal;
}

static int write_answer(const cJSON *entry, struct mf_buf *out)
{
    const cJSON *error = mf__json_get(entry, "error");
    const cJSON *value = error != NULL ? error : mf__json_get(entry, "ok");
    char *text = value == NULL ? NULL : cJSON_PrintUnformatted(value);
    int rc;

    if (value == NULL) {
        return mf_buf_append_cstr(out, "{}"); /* It was undefined. */
    }
    if (text == NULL) {
        return MF_E_NO_MEMORY;
    }
    rc = mf_buf_printf(out, "{\"%s\":", error != NULL ? "error" : "ok");
    if (rc == 0) {
        rc = mf_buf_append_cstr(out, text);
    }
    cJSON_free(text);
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

int mf__journal_replay(const struct mf__journal *journal,
                       const struct mf__tool_call *call,
                       struct mf_buf *ret_answer,
                       struct mf_buf *ret_why)
{
    const cJSON *entry = journal->is_on ? mf_map_get(journal->by_number, call->number) : NULL;
    int rc;

    if (entry == NULL) {
        return 0;
    }
    if (!is_same(entry, call)) {
        mf_ignore(mf_buf_printf(ret_why, "Call %u is %s.%s, and not what the journal has: %.*s.%.*s%s",
                                call->number, call->space, call->name, MF_CALL_NAMESPACE_BYTES_MAX,
                                mf__json_get(entry, "namespace")->valuestring, MF_CALL_NAME_BYTES_MAX,
                                mf__json_get(entry, "name")->valuestring, ", or with other arguments."));
        return MF_E_EXECUTION_DIVERGED;
    }
    rc = write_answer(entry, ret_answer);
    return rc < 0 ? rc : 1;
}

/* ---- what is now -------------------------------------------------------------------------------------------- */

static int write_entry(const struct mf__tool_call *call, struct mf_slice answer, struct mf_buf *out)
{
    /* The members of an object without its braces. */
    struct mf_slice members = mf_slice_of(answer.data + 1, answer.size - 2);
    bool is_empty = true;
    int rc = mf_buf_printf(out, "{\"n\":%u,\"namespace\":", call->number);

    for (size_t i = 0; i < members.size; i++) {
        is_empty = is_empty && (members.data[i] == ' ' || members.data[i] == '\t' ||
                                members.data[i] == '\n' || members.data[i] == '\r');
    }
    rc = rc < 0 ? rc : mf_buf_append_json_string(out, mf_slice_of_cstr(call->space));
    rc = rc < 0 ? rc : mf_buf_append_cstr(out, ",\"name\":");
    rc = rc < 0 ? rc : mf_buf_append_json_string(out, mf_slice_of_cstr(call->name));
    rc = rc < 0 ? rc : mf_buf_append_cstr(out, ",\"args\":");
    rc = rc < 0 ? rc : mf_buf_append_slice(out, mf_buf_peek(&call->args));
    if (rc == 0 && !is_empty) {
        rc = mf_buf_append_cstr(out, ",");
        rc = rc < 0 ? rc : mf_buf_append_slice(out, members);
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "}");
}

int mf__journal_add(struct mf__journal *journal, const struct mf__tool_call *call, struct mf_slice answer)
{
    struct mf_buf *entry;
    int rc;

    if (!journal->is_on) {
        return 0;
    }
    if (answer.size > MF_EXECUTION_JOURNAL_VALUE_BYTES_MAX) {
        return MF_E_CALL_TOO_LARGE;
    }
    entry = mf_new(sizeof *entry);
    mf_buf_init(entry, MF_EXECUTION_JOURNAL_BYTES_MAX - journal->bytes);
    rc = write_entry(call, answer, entry);
    if (rc == 0) {
        rc = mf_map_put(journal->entries, call->number, entry);
    }
    if (rc < 0) {
        mf_buf_done(entry);
        mf_free(entry);
        return rc == MF_E_TOO_LARGE ? MF_E_CALL_TOO_LARGE : rc;
    }
    journal->bytes += entry->size;
    return 0;
}

int mf__journal_write(const struct mf__journal *journal, uint32_t made, struct mf_buf *out)
{
    const char *comma = "";
    int rc;

    if (!journal->is_on) {
        return 0;
    }
    rc = mf_buf_append_cstr(out, ",\"journal\":[");
    for (uint32_t number = 1; rc == 0 && number <= made; number++) {
        const struct mf_buf *entry = mf_map_get(journal->entries, number);
        if (entry != NULL) {
            rc = mf_buf_append_cstr(out, comma);
            rc = rc < 0 ? rc : mf_buf_append_slice(out, mf_buf_peek(entry));
            comma = ",";
        }
    }
    return rc < 0 ? rc : mf_buf_append_cstr(out, "]");
}
