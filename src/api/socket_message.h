/* socket_message.h - one message of a client on /v1/ws, read into plain data. Pure: it may run on a worker thread.
 * Source: docs/executions.md. */
#ifndef MAYFLY_API_SOCKET_MESSAGE_H
#define MAYFLY_API_SOCKET_MESSAGE_H

#include "program.h"

enum socket_message_type {
    SOCKET_MESSAGE_UNKNOWN,
    SOCKET_MESSAGE_EXECUTE,
    SOCKET_MESSAGE_RESULT,
    SOCKET_MESSAGE_CANCEL,
    SOCKET_MESSAGE_ATTACH,
};

struct mf__socket_message {
    enum socket_message_type type;
    char ref[MF_EXECUTION_REF_BYTES_MAX + 1]; /* JSON as it was sent, so that it may be sent back; empty: none. */
    char id[MF_ID_BYTES_MAX];                 /* Empty: none. */
    uint64_t call;
    bool has_call;
    uint64_t after;
    bool is_pause;
    struct mf_buf rest; /* RESULT: the answer, checked; EXECUTE: nothing any more. */
    struct mf__program program;
    struct mf__call_fault fault;
};

void mf__socket_message_init(struct mf__socket_message *message, const struct mf_config *config);
void mf__socket_message_done(struct mf__socket_message *message);
/* What could be read of type, ref, id and callId stands there also after an error. MF_E_API_JSON, MF_E_API_FIELD and what
 * mf__program_read and mf__answer_check say. */
MF_MUST_CHECK int mf__socket_message_read(struct mf__socket_message *message,
                                          const struct mf_config *config,
                                          struct mf_slice text);

#endif
