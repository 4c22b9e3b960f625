/* mayfly/errors.h - every error that Mayfly can answer with, in one table.
 *
 * One row makes the C constant, the stable `code` of the API, the HTTP status and docs/errors.md.
 * Numbers are below -6000: the operating system's (-errno) and libuv's stay apart. A number is never used again.
 *      name               number  status  code                      sentence
 */
#ifndef MAYFLY_ERRORS_H
#define MAYFLY_ERRORS_H

/* clang-format off */
#define MF_ERROR_MAP(XX)                                                                                                  \
    /* anywhere */                                                                                                        \
    XX(NO_MEMORY,         -6001, 503, "memory",                 "The daemon has no memory for this.")                     \
    XX(TOO_LARGE,         -6002, 413, "too_large",              "Something is larger than its limit.")                    \
    XX(TOO_MANY,          -6003, 429, "too_many",               "There are more of these than the limit allows.")         \
    XX(INVALID,           -6004, 400, "invalid",                "A value is not valid.")                                  \
    XX(EXISTS,            -6005, 409, "exists",                 "It exists already.")                                     \
    XX(NOT_FOUND,         -6006, 404, "not_found",              "There is no such thing.")                                \
    XX(CANCELED,          -6007, 499, "canceled",               "The caller went away or canceled it.")                   \
    XX(CLOSED,            -6008, 503, "closed",                 "It was closed already.")                                 \
    XX(INTERNAL,          -6009, 500, "internal",               "A bug in Mayfly; the log has more.")                     \
    XX(AGAIN,             -6010, 503, "again",                  "Not now; there is no room at the moment.")               \
    XX(UNSUPPORTED,       -6011, 501, "unsupported",            "This is not supported.")                                 \
    XX(CRYPTO,            -6012, 500, "crypto",                 "A cryptographic operation failed.")                      \
    /* http */                                                                                                            \
    XX(HTTP_MALFORMED,    -6101, 400, "http.malformed",         "The request is not valid HTTP/1.1.")                     \
    XX(HTTP_HEADERS,      -6102, 431, "http.headers_too_large", "The request's headers are larger than the limit.")       \
    XX(HTTP_BODY,         -6103, 413, "http.body_too_large",    "The request's body is larger than the limit.")           \
    XX(HTTP_URI,          -6104, 414, "http.uri_too_long",      "The request's target is longer than the limit.")         \
    XX(HTTP_TIMEOUT,      -6105, 408, "http.timeout",           "The request did not arrive in time.")                    \
    XX(HTTP_VERSION,      -6106, 505, "http.version",           "Only HTTP/1.1 and HTTP/1.0 are spoken here.")            \
    XX(HTTP_EXPECT,       -6107, 417, "http.expectation",       "The only expectation met here is 100-continue.")         \
    XX(WEBSOCKET_UPGRADE, -6108, 426, "websocket.upgrade",      "This resource speaks WebSocket, version 13 (RFC 6455).")  \
    XX(WEBSOCKET_HANDSHAKE, -6109, 400, "websocket.handshake",  "The WebSocket handshake is not valid.")                  \
    XX(WEBSOCKET_PROTOCOL, -6110, 400, "websocket.protocol",    "A frame is not as RFC 6455 wants it.")                   \
    XX(WEBSOCKET_DATA,    -6111, 400, "websocket.data",         "A text is not UTF-8.")                                   \
    XX(WEBSOCKET_SIZE,    -6112, 413, "websocket.size",         "A message is larger than the limit.")                    \
    /* api */                                                                                                             \
    XX(API_ROUTE,         -6201, 404, "api.route",              "There is no such resource.")                             \
    XX(API_METHOD,        -6202, 405, "api.method",             "The resource does not know this method.")                \
    XX(API_TYPE,          -6203, 415, "api.content_type",       "The resource does not take this content-type.")          \
    XX(API_JSON,          -6204, 400, "api.json",               "The body is not valid JSON.")                            \
    XX(API_FIELD,         -6205, 400, "api.field",              "A field of the body is missing, unknown or not valid.")  \
    XX(API_CODE,          -6206, 400, "api.code",               "The worker's code or options are not valid.")            \
    XX(API_HOST,          -6207, 421, "api.host",               "The Host header does not name this daemon.")             \
    XX(API_ORIGIN,        -6208, 403, "api.origin",             "Pages of other origins may not call this daemon.")       \
    XX(API_NAME,          -6209, 400, "api.name",               "This cannot be a name: letters, digits, '.', '_' and "   \
       "'-', at most 64, the first a letter or digit.")                                                                     \
    XX(API_PRECONDITION,  -6210, 412, "api.precondition",       "It is not what If-Match or If-None-Match asks for.")    \
    XX(API_RANGE,         -6214, 416, "api.range",              "The file has no such bytes.")                            \
    XX(WORKER_UNKNOWN,    -6211, 404, "worker.unknown",         "There is no worker of this name.")                       \
    XX(WORKER_VERSION,    -6212, 404, "worker.version",         "The worker has no such version, or no longer.")          \
    XX(WORKER_IN_USE,     -6213, 409, "worker.in_use",          "An outbound hands requests over to this worker.")       \
    /* admission and executors */                                                                                         \
    XX(OVERLOADED,        -6301, 503, "overloaded",             "Every place to run and to wait is taken.")               \
    XX(DRAINING,          -6302, 503, "draining",               "The daemon is shutting down.")                           \
    XX(NO_EXECUTOR,       -6303, 503, "executor.unavailable",   "No executor could be started.")                          \
    XX(EXECUTOR_LOST,     -6304, 502, "executor.lost",          "The executor died and the run was lost with it.")        \
    XX(EXECUTOR_PROTOCOL, -6305, 502, "executor.protocol",      "The executor broke the protocol and was killed.")        \
    /* what a run ended with */                                                                                           \
    XX(EXCEPTION,         -6401, 500, "script.exception",       "The worker threw an exception.")                         \
    XX(STARTUP,           -6402, 400, "script.startup",         "The worker could not be started.")                       \
    XX(SYNTAX,            -6403, 400, "script.syntax",          "The code could not be parsed.")                          \
    XX(HANG,              -6404, 500, "script.hang",            "The worker would never have answered.")                  \
    XX(LIMIT_CPU,         -6405, 500, "limit.cpu",              "Worker exceeded CPU time limit.")                        \
    XX(LIMIT_MEMORY,      -6406, 500, "limit.memory",           "Worker exceeded memory limit.")                          \
    XX(LIMIT_WALL,        -6407, 504, "limit.wall",             "Worker exceeded wall time limit.")                       \
    XX(LIMIT_RESPONSE,    -6408, 500, "limit.response",         "The worker's response is larger than the limit.")        \
    XX(LIMIT_SUBREQUESTS, -6409, 500, "limit.subrequests",      "Too many subrequests by single Worker invocation.")      \
    XX(OUTBOUND_BLOCKED,  -6410, 403, "outbound.blocked",       "This worker is not permitted to access the internet via " \
       "global functions like fetch(). It must use capabilities (such as bindings in 'env') to talk to the outside world.") \
    XX(LIMIT_CALLS,       -6411, 500, "limit.calls",            "Too many calls of tools by a single run.")               \
    XX(CALL_REFUSED,      -6412, 403, "call.refused",           "There is nobody who answers calls of tools.")            \
    XX(LIMIT_FILE_OPS,    -6413, 500, "limit.file_ops",         "Too many operations on files by a single run.")          \
    XX(FILES_REFUSED,     -6414, 403, "files.refused",          "The run has no workspace.")                              \
    /* executions */                                                                                                      \
    XX(EXECUTION_NAME,    -7101, 400, "execution.name",         "A namespace cannot have this name.")                     \
    XX(EXECUTION_UNKNOWN, -7102, 404, "execution.unknown",      "There is no execution of this id.")                      \
    XX(EXECUTION_OVER,    -7103, 410, "execution.over",         "The execution is over.")                                 \
    XX(EXECUTION_FRAMES,  -7104, 410, "execution.frames",       "The frames behind this one are not kept any more.")      \
    XX(EXECUTION_DIVERGED, -7105, 409, "execution.diverged",    "The program did not make the calls of its journal.")     \
    XX(EXECUTION_PAUSED,  -7106, 409, "execution.paused",       "The execution was paused.")                              \
    XX(CALL_UNKNOWN,      -7107, 404, "call.unknown",           "The execution has made no call of this number.")         \
    XX(CALL_ANSWERED,     -7108, 409, "call.answered",          "The call was answered.")                                 \
    XX(CALL_OVER,         -7109, 410, "call.over",              "The call was abandoned: nobody waits for its answer.")   \
    XX(CALL_TOO_LARGE,    -7110, 413, "call.too_large",         "What the call is called with, or its answer, is too large.") \
    /* tokens and tenants */                                                                                             \
    XX(AUTH_MISSING,      -7201, 401, "auth.missing",           "This needs an access token: Authorization: Bearer.")    \
    XX(AUTH_TOKEN,        -7202, 401, "auth.token",             "The access token is not valid, has expired or was revoked.") \
    XX(AUTH_SCOPE,        -7203, 403, "auth.scope",             "The access token does not have the scope for this.")    \
    XX(AUTH_OFF,          -7204, 409, "auth.off",               "This daemon asks for no tokens: its config names no admin token.") \
    XX(TOKEN_UNKNOWN,     -7205, 404, "token.unknown",          "There is no access token of this id.")                  \
    XX(TENANT_UNKNOWN,    -7206, 404, "tenant.unknown",         "There is no tenant of this name.")                      \
    XX(TENANT_IN_USE,     -7207, 409, "tenant.in_use",          "The tenant still has something of its own.")            \
    XX(QUOTA_RUNS,        -7221, 429, "quota.concurrent_runs",  "The tenant has as many runs at once as it may.")        \
    XX(QUOTA_REQUESTS,    -7222, 429, "quota.requests",         "The tenant has made as many requests as it may for now.") \
    XX(QUOTA_CPU,         -7223, 429, "quota.cpu",              "The tenant has used as much CPU time as it may for now.") \
    XX(QUOTA_EGRESS,      -7224, 429, "quota.egress",           "The tenant has sent and fetched as many bytes as it may for now.") \
    XX(QUOTA_WORKSPACES,  -7225, 507, "quota.workspace_bytes",  "The tenant's workspaces hold as many bytes as they may.") \
    XX(QUOTA_WORKERS,     -7226, 507, "quota.worker_bytes",     "The tenant's workers hold as many bytes as they may.")  \
    XX(IDEMPOTENCY_KEY,   -7231, 400, "idempotency.key",        "This cannot be an Idempotency-Key.")                    \
    XX(IDEMPOTENCY_BODY,  -7232, 422, "idempotency.body",       "The Idempotency-Key was used for another request.")     \
    XX(IDEMPOTENCY_FLIGHT,-7233, 409, "idempotency.in_flight",  "A request of this Idempotency-Key is under way.")       \
    /* runs that are over */                                                                                               \
    XX(RUN_UNKNOWN,       -7301, 404, "run.unknown",            "There is no run of this id that is over, or no longer.") \
    XX(TAIL_BUSY,         -7302, 503, "tail.busy",              "As many as may are reading the tail.")                   \
    /* start */                                                                                                           \
    XX(CONFIG,            -6501, 500, "config",                 "The configuration is not valid.")                        \
    XX(JAIL,              -6502, 500, "jail",                   "The kernel refuses a layer of the jail.")                \
    XX(WIRE,              -6503, 502, "wire",                   "A frame is not valid.")                                  \
    /* store and secrets */                                                                                               \
    XX(STORE,             -6601, 500, "store",                  "The store could not be read or written.")                \
    XX(STORE_FILE,        -6602, 500, "store.file",             "The store's file cannot be used.")                       \
    XX(STORE_FULL,        -6603, 507, "store.full",             "There is no room left on the store's disk.")             \
    XX(VAULT_KEY,         -6604, 500, "vault.key",              "The vault's key is missing or not the right one.")       \
    XX(VAULT_RECORD,      -6605, 500, "vault.record",           "A stored secret was damaged or changed.")                \
    XX(SECRET_UNKNOWN,    -6606, 404, "secret.unknown",         "There is no secret of this name.")                       \
    XX(SECRET_IN_USE,     -6607, 409, "secret.in_use",          "An outbound uses this secret.")                          \
    XX(SECRET_HOST,       -6608, 403, "secret.host",            "This secret may not be sent to this host.")              \
    XX(SECRET_CLEARTEXT,  -6609, 403, "secret.cleartext",       "This secret may be sent over verified TLS only.")        \
    XX(SECRET_KIND,       -6610, 403, "secret.kind",            "A secret of this kind cannot be used here.")             \
    XX(SECRET_UNSIGNABLE, -6611, 403, "secret.unsignable",      "This request cannot be signed with this secret.")        \
    XX(SECRET_PLACE,      -6612, 403, "secret.placeholder",     "A secret's placeholder stands where none may be.")       \
    /* outbound */                                                                                                        \
    XX(OUTBOUND_POLICY,   -6701, 400, "outbound.policy",        "The outbound's policy is not valid.")                    \
    XX(OUTBOUND_UNKNOWN,  -6702, 404, "outbound.unknown",       "There is no outbound of this name.")                     \
    XX(OUTBOUND_IN_USE,   -6703, 409, "outbound.in_use",        "A worker uses this outbound, or it is the default.")     \
    XX(OUTBOUND_INLINE,   -6704, 403, "outbound.inline",        "The operator allows outbounds by name only.")            \
    XX(OUTBOUND_URL,      -6705, 400, "outbound.url",           "This URL cannot be fetched.")                            \
    XX(OUTBOUND_METHOD,   -6706, 400, "outbound.method",        "This method cannot be fetched with.")                    \
    XX(OUTBOUND_HEADERS,  -6707, 400, "outbound.headers",       "The headers are not valid.")                             \
    XX(OUTBOUND_REFUSED,  -6708, 403, "outbound.refused",       "The outbound does not let this request through.")        \
    XX(OUTBOUND_ECHO,     -6709, 502, "outbound.echo",          "The answer held what may not be shown and was stopped.") \
    XX(OUTBOUND_INTERCEPTOR, -6710, 502, "outbound.interceptor", "The interceptor worker did not answer.")                \
    /* upstream */                                                                                                        \
    XX(UPSTREAM_DNS,      -6801, 502, "upstream.dns",           "The host's name could not be resolved.")                 \
    XX(UPSTREAM_ADDRESS,  -6802, 403, "upstream.address",       "The host has an address that is not permitted.")         \
    XX(UPSTREAM_CONNECT,  -6803, 502, "upstream.connect",       "No connection to the host could be made.")               \
    XX(UPSTREAM_TLS,      -6804, 502, "upstream.tls",           "The TLS handshake failed, or the certificate is not valid.") \
    XX(UPSTREAM_TIMEOUT,  -6805, 504, "upstream.timeout",       "The host took too long.")                                \
    XX(UPSTREAM_CLOSED,   -6806, 502, "upstream.closed",        "Network connection lost.")                               \
    XX(UPSTREAM_RESPONSE, -6807, 502, "upstream.response",      "The answer is not valid HTTP.")                          \
    XX(UPSTREAM_HEADERS,  -6808, 502, "upstream.headers",       "The answer has more headers than are allowed.")          \
    XX(UPSTREAM_TOO_LARGE, -6809, 502, "upstream.too_large",    "The answer is larger than is allowed.")                  \
    XX(UPSTREAM_REDIRECT, -6810, 502, "upstream.redirect",      "A redirect could not be followed.")                      \
    XX(UPSTREAM_STALLED,  -6811, 502, "upstream.stalled",       "Response closed due to connection limit.")               \
    XX(UPSTREAM_TOKEN,    -6812, 502, "upstream.token",         "The access token for this request could not be obtained.") \
    /* workspaces */                                                                                                      \
    XX(WORKSPACE_UNKNOWN, -6901, 404, "workspace.unknown",      "There is no workspace of this name.")                    \
    XX(WORKSPACE_SNAPSHOT, -6902, 404, "workspace.snapshot",    "The workspace has no snapshot of this name.")            \
    XX(WORKSPACE_CHANGES, -6903, 410, "workspace.changes_gone", "Changes that long ago are no longer kept; list anew.")   \
    XX(WORKSPACE_CONFLICT, -6904, 409, "workspace.conflict",    "The workspace was changed by somebody else meanwhile.")  \
    XX(WORKSPACE_ARCHIVE, -6905, 400, "workspace.archive",      "The archive is not one that can be taken in.")           \
    XX(WORKSPACE_PATTERN, -6906, 400, "workspace.pattern",      "The pattern is not valid, or costs too much.")           \
    XX(WORKSPACE_EDIT,    -6907, 409, "workspace.edit",         "The edit does not fit what is in the file.")             \
    /* files, by their names in Node and POSIX */                                                                         \
    XX(FS_ENOENT,         -6921, 404, "fs.enoent",              "no such file or directory")                              \
    XX(FS_EEXIST,         -6922, 409, "fs.eexist",              "file already exists")                                    \
    XX(FS_ENOTDIR,        -6923, 409, "fs.enotdir",             "not a directory")                                        \
    XX(FS_EISDIR,         -6924, 409, "fs.eisdir",              "illegal operation on a directory")                       \
    XX(FS_ENOTEMPTY,      -6925, 409, "fs.enotempty",           "directory not empty")                                    \
    XX(FS_ELOOP,          -6926, 409, "fs.eloop",               "too many symbolic links encountered")                    \
    XX(FS_ENAMETOOLONG,   -6927, 400, "fs.enametoolong",        "name too long")                                          \
    XX(FS_ENOSPC,         -6928, 507, "fs.enospc",              "no space left on device")                                \
    XX(FS_EINVAL,         -6929, 400, "fs.einval",              "invalid argument")                                       \
    XX(FS_EBUSY,          -6930, 409, "fs.ebusy",               "resource busy or locked")                                \
    XX(FS_EFBIG,          -6931, 413, "fs.efbig",               "file too large")                                         \
    XX(FS_EPERM,          -6932, 403, "fs.eperm",               "operation not permitted")                                \
    XX(FS_EROFS,          -6933, 403, "fs.erofs",               "read-only file system")
/* clang-format on */

enum mf_error {
#define XX(name, number, status, code, sentence) MF_E_##name = (number),
    MF_ERROR_MAP(XX)
#undef XX
};

#endif
