#include "faults.h"

#include <stdio.h>

#define SENTENCE_BYTES_MAX 768

void mf__pointer_join(char pointer[MF__POINTER_BYTES_MAX], const char *parent, const char *name)
{
    size_t used = 0;

    for (; *parent != '\0' && used < MF__POINTER_BYTES_MAX - 4; parent++) {
        pointer[used++] = *parent;
    }
    pointer[used++] = '/';
    for (; *name != '\0' && used < MF__POINTER_BYTES_MAX - 3; name++) {
        if (*name == '~' || *name == '/') {
            pointer[used++] = '~';
            pointer[used++] = *name == '~' ? '0' : '1';
        } else {
            pointer[used++] = *name;
        }
    }
    pointer[used] = '\0';
}

void mf__pointer_index(char pointer[MF__POINTER_BYTES_MAX], const char *parent, size_t index)
{
    char digits[24];

    (void)snprintf(digits, sizeof digits, "%zu", index);
    mf__pointer_join(pointer, parent, digits);
}

void mf_policy_faults_init(struct mf_policy_faults *faults)
{
    memset(faults, 0, sizeof *faults);
    mf_buf_init(&faults->list, MF_OUTBOUND_FAULT_BYTES_MAX);
}

void mf_policy_faults_done(struct mf_policy_faults *faults)
{
    mf_buf_done(&faults->list);
}

void mf__fault_add(struct mf_policy_faults *faults, const char *pointer, const char *format, ...)
{
    char sentence[SENTENCE_BYTES_MAX];
    va_list args;
    size_t before = faults->list.size;
    int rc = faults->count >= MF_OUTBOUND_FAULTS_MAX ? MF_E_TOO_MANY : 0;

    va_start(args, format);
    (void)vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    if (rc == 0) {
        rc = mf_buf_append(&faults->list, pointer, strlen(pointer) + 1);
    }
    if (rc == 0) {
        rc = mf_buf_printf(&faults->list, "%s %s", *pointer == '\0' ? "The policy" : pointer, sentence);
    }
    if (rc == 0) {
        rc = mf_buf_append(&faults->list, "", 1);
    }
    if (rc < 0) {
        faults->list.size = before;
        faults->left_out++;
    } else {
        faults->count++;
    }
}

static struct mf_slice next_text(const struct mf_policy_faults *faults, size_t *cursor)
{
    const char *text = (const char *)faults->list.data + *cursor;
    struct mf_slice slice = mf_slice_of_cstr(text);

    *cursor += slice.size + 1;
    return slice;
}

bool mf_policy_faults_next(const struct mf_policy_faults *faults,
                           size_t *cursor,
                           struct mf_slice *ret_pointer,
                           struct mf_slice *ret_sentence)
{
    if (*cursor >= faults->list.size) {
        return false;
    }
    *ret_pointer = next_text(faults, cursor);
    *ret_sentence = next_text(faults, cursor);
    return true;
}
