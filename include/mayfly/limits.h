/* mayfly/limits.h - every number in Mayfly that stops something, with its reason.
 *
 * Form, which docs/limits.md is made from: #define NAME value, then a comment "unit: reason". Defaults and maxima
 * that an operator may change stand here too; config (config.h) holds what is in force.
 */
#ifndef MAYFLY_LIMITS_H
#define MAYFLY_LIMITS_H

/* clang-format off */
/* -- words */
#define MF_ID_BYTES_MAX 40 /* bytes: a prefix, 24 random characters and a NUL */
#define MF_LOG_LINE_BYTES_MAX 2048 /* bytes: one log line; a longer one is cut, so that no peer can fill a disk with one event */
#define MF_LOG_LINES_PER_SECOND_MAX 200 /* lines: past that they are counted, not written; an event storm must not become a disk storm */

/* -- wire */
#define MF_FRAME_HEADER_BYTES 12 /* bytes: size, type, flags, run */
#define MF_FRAME_PAYLOAD_BYTES_MAX 262144 /* bytes: small enough that one frame never holds up the channel for long, large enough for the largest response head */
#define MF_STREAM_WINDOW_BYTES 262144 /* bytes: what a sender may have under way on one stream before the receiver grants more */
#define MF_STREAM_CHUNK_BYTES_MAX 65536 /* bytes: one STREAM_DATA; larger ones are cut, so that streams share the channel fairly */
#define MF_CHANNEL_QUEUE_BYTES_MAX 134217728 /* bytes: frames waiting to be written on one channel; streams stop at their window long before, so that this stops bugs and attacks */
#define MF_CHANNEL_READ_BYTES 65536 /* bytes: one read of the executor from its channel */
#define MF_CHANNEL_CORK_NS UINT64_C(1000000) /* ns: frames of an executor gather at most this long while a turn makes more; long enough for a whole short run in one write, too short to notice */
#define MF_CHANNEL_CORK_BYTES_MAX 65536 /* bytes: frames that gather; past it they are written at once */
#define MF_HEADERS_ENCODED_BYTES_MAX 196608 /* bytes: a header list inside a frame: 128 KiB of headers and their lengths */
#define MF_HEADERS_COUNT_MAX 1024 /* headers in one message: many tiny ones would otherwise be a cheap flood */
#define MF_BUNDLE_BYTES_MAX 74448896 /* bytes: the whole of what a START carries: 64 MiB of code, 1 MiB each of env and props, names, the request's head */

/* -- a worker's code (Cloudflare's numbers) */
#define MF_CODE_BYTES_MAX 67108864 /* bytes: sum of all module bodies, Cloudflare's limit for dynamic workers */
#define MF_ENV_BYTES_MAX 1048576 /* bytes: env as JSON, Cloudflare's limit for dynamic workers */
#define MF_PROPS_BYTES_MAX 1048576 /* bytes: props as JSON, same as env */
#define MF_MODULES_COUNT_MAX 4096 /* modules: enough for an unbundled npm tree; bounds the module table and the depth of instantiation */
#define MF_MODULE_NAME_BYTES_MAX 1024 /* bytes: a module's name; paths longer than this are not written by people */
#define MF_TYPESCRIPT_BYTES_MAX 16777216 /* bytes: one TypeScript module; the stripper needs many times its size in memory */
#define MF_TYPESCRIPT_CACHE_BYTES_MAX 33554432 /* bytes: stripped sources that one executor keeps, least recently used first out */
#define MF_TYPESCRIPT_WARM_MS_MAX 20000 /* ms of CPU: compiling the stripper's wasm once for each executor; about 0.2 s, more under sanitizers */
#define MF_TYPESCRIPT_MEMORY_BYTES_MAX 1073741824 /* bytes: heap and wasm memory of the isolate that strips; 16 MiB of source need several hundred */
#define MF_TYPESCRIPT_IDLE_BYTES_MAX 134217728 /* bytes: an isolate that strips and has grown past this is replaced: wasm memory never shrinks */
#define MF_COMPATIBILITY_FLAGS_MAX 256 /* flags: more than Cloudflare has in all */

/* -- a run: default and maximum (config may lower both, a request may only lower) */
#define MF_RUN_CPU_MS_DEFAULT 30000 /* ms: Cloudflare's default for paid plans */
#define MF_RUN_CPU_MS_MAX 300000 /* ms: Cloudflare's maximum */
#define MF_RUN_CPU_GRACE_MS 500 /* ms of CPU after the limit in which the isolate may end by itself; past it native code is stuck and the executor is condemned */
#define MF_RUN_WALL_MS_DEFAULT 60000 /* ms: long enough for a program that waits for a model */
#define MF_RUN_WALL_MS_MAX 3600000 /* ms: an hour; a run is not a service */
#define MF_RUN_MEMORY_MB_DEFAULT 128 /* MiB: Cloudflare's limit for an isolate */
#define MF_RUN_MEMORY_MB_MAX 1024 /* MiB: past this one run could starve its neighbours on a small machine */
#define MF_RUN_MEMORY_MB_MIN 8 /* MiB: below this the runtime itself has no room to work */
#define MF_RUN_LOG_BYTES_DEFAULT 262144 /* bytes: Cloudflare's 256 KB for one invocation */
#define MF_RUN_LOG_BYTES_MAX 4194304 /* bytes: kept in memory by the daemon until the run ends */
#define MF_RUN_LOG_LINES_MAX 10000 /* lines: bounds the cost of many empty lines */
#define MF_RUN_EXCEPTIONS_MAX 32 /* exceptions: kept for one run; the rest are counted */
#define MF_RUN_RESPONSE_BYTES_DEFAULT 104857600 /* bytes: 100 MiB of response body */
#define MF_RUN_RESPONSE_BYTES_MAX 1073741824 /* bytes: streamed, never held */
#define MF_RUN_ENVELOPE_BYTES_MAX 33554432 /* bytes: a response body that the envelope carries; larger ones need the streamed form */
#define MF_RUN_SUBREQUESTS_DEFAULT 1000 /* fetches in one run */
#define MF_RUN_SUBREQUESTS_MAX 10000 /* fetches: Cloudflare's number for paid plans */
#define MF_RUN_CALLS_DEFAULT 1000 /* calls of tools in one run */
#define MF_RUN_CALLS_MAX 10000 /* calls: past that a program wants another tool */
#define MF_RUN_CALLS_OPEN_MAX 128 /* calls of one run that are not answered: each may hold a window of memory in the daemon; the rest wait in the isolate */
#define MF_CALL_NAMESPACE_BYTES_MAX 128 /* bytes: an identifier of JavaScript */
#define MF_CALL_NAME_BYTES_MAX 256 /* bytes: the name of a tool */
#define MF_RUN_FETCHES_OPEN_MAX 32 /* fetches of one run that the daemon has and has not answered: each may hold a window of memory there; the rest wait in the isolate */
#define MF_RUN_WORKSPACES_MAX 8 /* workspaces that one run has: each is looked up when it begins */
#define MF_RUN_FILE_OPS_MAX 1000000 /* operations of one run on its workspaces: past that it does not end by itself */
#define MF_RUN_FILE_OPS_OPEN_MAX 32 /* operations of one run that are not answered: each may hold MF_RUN_FILE_OP_BYTES_MAX in both processes; the rest wait in the isolate */
#define MF_RUN_FILE_OP_BYTES_MAX 1114112 /* bytes: one operation, or its answer: a piece of a file (MF_WORKSPACE_PIECE_BYTES) and 64 KiB for paths and numbers */
#define MF_RUN_FILE_UPLOADS_MAX 16 /* files of one run that are written piece by piece, to take their places whole */
#define MF_RUN_FILE_DESCRIPTORS_MAX 1024 /* files that are open at once by node:fs: Linux's own limit for a process */
#define MF_RUN_TIMERS_MAX 10000 /* timers set at once in one run: a timer costs about 200 bytes outside the isolate */
#define MF_RUN_TEXT_BYTES_MAX 16384 /* bytes: one exception's message or stack; longer ones are cut and marked */

/* -- HTTP server */
#define MF_HTTP_HEADER_BYTES_MAX 131072 /* bytes: request line and headers, Cloudflare's 128 KB */
#define MF_HTTP_TARGET_BYTES_MAX 16384 /* bytes: the request target, Cloudflare's 16 KB */
#define MF_HTTP_BODY_BYTES_MAX 104857600 /* bytes: request body, 100 MiB; 64 MiB of code need 86 MiB of base64 */
#define MF_HTTP_CONNECTIONS_MAX 10000 /* connections at once on all listeners */
#define MF_HTTP_PIPELINE_BYTES_MAX 65536 /* bytes: read ahead of a request that is not answered yet; then reading stops */
#define MF_HTTP_HEADER_TIMEOUT_MS 10000 /* ms: from the first byte of a request to the end of its headers */
#define MF_HTTP_BODY_TIMEOUT_MS 30000 /* ms: the longest gap between two pieces of a body */
#define MF_HTTP_IDLE_TIMEOUT_MS 75000 /* ms: a kept-alive connection without a request */
#define MF_HTTP_WRITE_TIMEOUT_MS 60000 /* ms: a client that reads nothing of its response */
#define MF_HTTP_TLS_TIMEOUT_MS 10000 /* ms: the TLS handshake */
#define MF_HTTP_WRITE_BYTES_MAX 524288 /* bytes: waiting in one connection's write queue before the source is paused */
#define MF_HTTP_CHUNK_EXCESS_BYTES_MAX 16384 /* bytes: chunk extensions, needless zeros and trailers of one message, which nobody reads; Go's number */
#define MF_HTTP_PARSER_KEPT_BYTES_MAX 4096 /* bytes: a head's memory that a waiting connection keeps; nearly all heads fit */
#define MF_HTTP_INPUT_BYTES_MAX 163840 /* bytes: read and not parsed on one connection: what is read ahead, one more read, two TLS records that it completes */
#define MF_HTTP_READ_BYTES_MAX 65536 /* bytes: one read; the memory is the server's, not the connection's */
#define MF_HTTP_DISCARD_BYTES_MAX 262144 /* bytes: a body that nobody wants is read up to here to keep the connection; past it closing is cheaper */
#define MF_HTTP_LINGER_MS 2000 /* ms: after the last answer a client may still be sending; closing at once would reset the connection and lose the answer */
#define MF_HTTP_HALF_CLOSE_MS 1000 /* ms: a client that closed its sending side may still wait for an answer or be gone; past this without a byte sent to it, it is taken as gone */
#define MF_HTTP_QUEUE_BYTES_MAX 268435456 /* bytes: a connection's write queue with one large write on top: the largest envelope, every byte escaped */
#define MF_HTTP_COPY_BYTES_MAX 16384 /* bytes: a piece up to here is gathered with others into one write; a larger one is sent from where it lies */
#define MF_HTTP_TLS_PIECE_BYTES_MAX 65536 /* bytes: encrypted at a time, so that a large answer does not lie in memory twice */
#define MF_HTTP_KEPT_BYTES_MAX 16384 /* bytes: of each of its buffers, a waiting connection keeps no more */
#define MF_HTTP_ARENA_BYTES_MAX 268435456 /* bytes: all that one request keeps in its arena: its body and what is decoded from it */
#define MF_HTTP_LISTENERS_MAX 16 /* addresses: a config with more is a mistake */
#define MF_HTTP_BACKLOG 1024 /* connections: waiting in the kernel to be accepted */
#define MF_WEBSOCKET_EMPTY_FRAMES_MAX 1000 /* frames: without a byte and without an end in one message; each costs its sender six bytes and brings nothing */
#define MF_WEBSOCKET_KEPT_BYTES_MAX 16384 /* bytes: of the memory of a message a WebSocket keeps no more for the next one */
#define MF_WEBSOCKET_PING_MS 20000 /* ms: a WebSocket that says nothing gets a ping, and is gone when it says nothing for as long again; proxies cut what is silent for 60 s */
#define MF_WEBSOCKET_PROGRESS_BYTES 4096 /* bytes: of an unfinished message that must come within MF_HTTP_BODY_TIMEOUT_MS; a trickle is no progress */
#define MF_WEBSOCKET_DISCARD_BYTES_MAX 67108864 /* bytes: of a client that is still sending when it was told that its message is too large; dropped, within MF_HTTP_LINGER_MS, so that it reads why */
#define MF_WEBSOCKET_CLOSE_MS 3000 /* ms: from our Close frame to the client's; then the connection is closed without it */
#define MF_JSON_DEPTH_MAX 200 /* levels: nesting of a JSON body; deeper ones are attacks on parsers */

/* -- API */
#define MF_IDEMPOTENCY_KEY_BYTES_MAX 255 /* bytes: an Idempotency-Key; a UUID has 36 */
#define MF_IDEMPOTENCY_MS 86400000 /* ms: an answer is kept for a day, as most APIs do; clients give up sooner */
#define MF_IDEMPOTENCY_ANSWER_BYTES_MAX 1048576 /* bytes: the head or the body of an answer that is kept; a larger one is not, and its request is done again */
#define MF_IDEMPOTENCY_KEPT_MAX 65536 /* answers that are kept, of all tenants; past it keys do nothing for those who have none yet */
#define MF_IDEMPOTENCY_BYTES_MAX 268435456 /* bytes of all answers that are kept; past it no more are */
#define MF_IDEMPOTENCY_TENANT_KEPT_MAX 4096 /* answers of one tenant; the oldest goes */
#define MF_IDEMPOTENCY_TENANT_BYTES_MAX 16777216 /* bytes of one tenant's answers; likewise */
#define MF_EXCHANGE_MARK_BYTES 192 /* bytes that whoever serves an exchange may keep with it: who calls, and which run answers */
#define MF_API_INLINE_PARSE_BYTES_MAX 131072 /* bytes: a body up to here is parsed on the loop thread, in under a millisecond; a larger one on a worker thread */
#define MF_API_PRECONDITION_BYTES_MAX 512 /* bytes: If-Match or If-None-Match, several entity tags; a longer one never holds */
#define MF_API_HELD_BYTES_MAX 1073741824 /* bytes: bodies of all calls that are being read or run, together; past it 503, so that many large calls cannot take the machine's memory */
#define MF_API_FAULT_BYTES_MAX 8192 /* bytes: a sentence that says what is wrong with a call; it may quote a name of the caller's */

/* -- executions */
#define MF_JSON_TEXT_DEPTH_MAX 2048 /* levels: nesting of a value that is handed on as text; the codec makes up to four of one */
#define MF_EXECUTION_NAMESPACES_MAX 256 /* namespaces and connectors of one program */
#define MF_EXECUTION_PRELUDE_BYTES_MAX 1048576 /* bytes: of one namespace's prelude */
#define MF_EXECUTION_CALL_BYTES_DEFAULT 16777216 /* bytes: what one call is called with, and its answer */
#define MF_EXECUTION_CALL_BYTES_MAX 67108864 /* bytes: the same, what a request may ask for */
#define MF_EXECUTION_UNSENT_BYTES_MAX 4194304 /* bytes: frames that a client has not taken; past it calls are read no further */
#define MF_EXECUTION_BACKLOG_BYTES_MAX 1048576 /* bytes: frames that a client has taken, for one that lost its connection */
#define MF_EXECUTION_KEPT_MAX 1024 /* executions that are done, for clients that lost their connection */
#define MF_EXECUTION_KEPT_BYTES_MAX 67108864 /* bytes: of those */
#define MF_EXECUTION_PARKED_MAX 4096 /* executions that gave their place back while they wait for answers; past it they keep it */
#define MF_EXECUTION_REATTACH_MS_DEFAULT 5000 /* ms: a client that lost its connection may come back so long */
#define MF_EXECUTION_REATTACH_MS_MAX 60000 /* ms: the same, what a request may ask for */
#define MF_EXECUTION_SOCKETS_MAX 1024 /* WebSockets of /v1/ws: each may hold a message and a queue */
#define MF_EXECUTION_SOCKET_EXECUTIONS_MAX 256 /* executions whose frames go down one WebSocket */
#define MF_EXECUTION_MESSAGE_BYTES_MAX 33554432 /* bytes: one message on a WebSocket: an answer of the default size in base64, or a program with its modules */
#define MF_EXECUTION_SOCKET_QUEUE_BYTES_MAX 67108864 /* bytes: frames of all its executions that wait for one client; past it the connection is cut, and its executions may be taken up again */
#define MF_EXECUTION_REF_BYTES_MAX 128 /* bytes: a client's own name for an execution that has no id yet, as JSON */
#define MF_EXECUTION_PING_MS 10000 /* ms: without another frame; proxies and clients give silent streams up after 30 s and more */
#define MF_EXECUTION_TICK_MS 250 /* ms: how often pings and graces are looked at */
#define MF_EXECUTION_JOURNAL_BYTES_MAX 16777216 /* bytes: the calls of one execution and their answers */
#define MF_EXECUTION_JOURNAL_VALUE_BYTES_MAX 1000000 /* bytes: of one answer in a journal; @cloudflare/codemode's number */

#define MF_MCP_TEXT_BYTES_MAX 24000 /* bytes: of what a tool of /mcp says to a model; about 6,000 tokens, @cloudflare/codemode's number */

/* -- tools as TypeScript */
#define MF_TOOLS_BODY_BYTES_MAX 33554432 /* bytes: the largest OpenAPI documents that are published have about 30 MB */
#define MF_TOOLS_NODES_MAX 2000000 /* values in the JSON of one request: each costs about 100 bytes; such a document has less than a million */
#define MF_TOOLS_NAMESPACES_MAX 256 /* namespaces in one request: each is a global of the program, and a person chose its name */
#define MF_TOOLS_COUNT_MAX 20000 /* tools in one request: more than any one service's operations */
#define MF_TOOLS_NAME_BYTES_MAX 1024 /* bytes: a tool's name, or one part of a $ref */
#define MF_TOOLS_TEXT_BYTES_MAX 4096 /* bytes: one description in the declarations; a longer one is cut, as every model would read it each time */
#define MF_TOOLS_LINE_BYTES_MAX 160 /* bytes: a description where tools are listed, one a line */
#define MF_TOOLS_SCHEMA_DEPTH_MAX 20 /* levels: nesting of one type, references counted; @cloudflare/codemode's number */
#define MF_TOOLS_TYPE_BYTES_MAX 16384 /* bytes: one type; past it the rest is unknown. About 4,000 tokens, more than a model needs of one argument */
#define MF_TOOLS_STEPS_MAX 20000000 /* members looked at for one request: bounds what references to references can cost, to about half a second */
#define MF_TOOLS_TYPES_BYTES_MAX 4194304 /* bytes: all declarations of one answer; more does not fit any prompt */
#define MF_TOOLS_ANSWER_BYTES_MAX 33554432 /* bytes: the answer as JSON: the declarations, escaped, and the list of tools */
#define MF_TOOLS_ARENA_BYTES_MAX 67108864 /* bytes: names and lists that one request makes */
#define MF_TOOLS_SEARCH_BYTES_MAX 512 /* bytes: a search; it is words, not a document */
#define MF_TOOLS_SEARCH_WORDS_MAX 16 /* words of a search: each is looked for in every tool */
#define MF_TOOLS_FOUND_DEFAULT 50 /* tools that a search answers with; @cloudflare/codemode's number */

/* -- stored workers */
#define MF_WORKER_VERSIONS_MAX 100 /* versions of one worker that are kept: enough to roll back to, and a worker that is put every minute does not fill the disk; the oldest that is not in use goes */
#define MF_WORKER_CACHE_BYTES_DEFAULT 268435456 /* bytes: code of stored workers that is kept ready, least recently used first out */
#define MF_WORKER_CACHE_COUNT_DEFAULT 4096 /* stored workers that are kept ready: small ones have a cost of their own */
#define MF_WORKER_CACHE_COUNT_MAX 1000000 /* workers: what the config may say */
#define MF_WORKER_LOADS_WAITING_MAX 1024 /* requests that wait for one worker to be read from the disk; past it 503 */
#define MF_CODE_CACHE_SOURCE_BYTES_MIN 4096 /* bytes: modules of a stored worker below it in all are compiled as fast as a code cache of them is read */
#define MF_CODE_CACHE_BYTES_MAX 16777216 /* bytes: V8's code cache of one worker; a larger one is not kept */
#define MF_CODE_CACHE_COMPILED_BYTES_MIN 4194304 /* bytes: so much of a worker runs from memory have compiled before a code cache is made of it; to compile them takes as long as to start its maker */
#define MF_CODE_CACHE_CPU_MS_MAX 2000 /* ms: what making one may take, start-up of the worker included */
#define MF_CODE_CACHE_WALL_MS_MAX 5000 /* ms: likewise; a worker that waits for something at its first request waits in vain */
#define MF_CODE_CACHE_PAUSE_TIMES 4 /* times as long as making one took nobody makes another: at most a fifth of one processor goes into it */
#define MF_WORKER_LIST_MAX 1000 /* workers in one page of the list */
#define MF_WORKER_LIST_DEFAULT 100 /* workers in one page, unless the caller says how many */
#define MF_WORKER_USERS_BYTES_MAX 8192 /* bytes: names of those who keep a worker or an outbound from being deleted */
#define MF_WORKER_ETAG_BYTES_MAX 64 /* bytes: a revision and the beginning of a hash */

/* -- tenants and tokens */
#define MF_TENANTS_MAX 10000 /* tenants: all of them are in memory, some 500 bytes each */
#define MF_TOKENS_MAX 100000 /* access tokens: all of them are in memory, some 200 bytes each, so that no request waits for the disk to be known */
#define MF_TENANT_TOKENS_MAX 1000 /* access tokens of one tenant: one that makes them without end must not take those of others */
#define MF_TOKEN_BYTES_MAX 256 /* bytes: what may stand behind "Bearer"; ours have 52, an operator's own may be longer */
#define MF_TOKEN_LIFE_S_MAX 315360000 /* s: ten years; one without an end says so by naming none */
#define MF_TOKEN_OVERLAP_S_DEFAULT 86400 /* s: the old key of a rotated token holds for a day, so that all who have it can be told */
#define MF_TOKEN_OVERLAP_S_MAX 2592000 /* s: the same, what a request may ask for; 30 days */
#define MF_TOKEN_USED_MS 60000 /* ms: how exact a token's last use is; it is written at most so often */
#define MF_TOKEN_USED_ROWS_MAX 256 /* last uses that one transaction writes */
#define MF_TOKEN_PUT_BYTES_MAX 16384 /* bytes: the JSON of a token or a tenant */
#define MF_TENANT_PAGE_MAX 1000 /* tenants or tokens in one page of a list */
#define MF_TENANT_PAGE_DEFAULT 100 /* the same, unless the caller says how many */
#define MF_ADMIN_TOKEN_BYTES_MIN 32 /* bytes: an admin token of the operator's own; 32 hexadecimal digits are 128 bits */
#define MF_ADMIN_TOKENS_MAX 2 /* admin tokens in the operator's file: an old and a new one */
#define MF_ADMIT_LANES_KEPT_MAX 1024 /* queues of owners that are kept for their next run, some 100 bytes each */
#define MF_ADMIT_CONTENDED_MS 1000 /* ms: so long after two tenants were about neither may have more young runs than its share */
#define MF_ADMIT_YOUNG_MS 20 /* ms: a run is young so long: a short one is over by then, and a longer one waits for something or is a matter of the kernel's scheduler */
#define MF_ADMIT_CROWD_MS 1000 /* ms: so long after it had a run for each processor at once an owner still crowds; telling executors of it costs a system call for each thread */
#define MF_ADMIT_YOUNG_PER_CPU 2 /* young runs of one tenant for each processor while others are about: enough to keep it busy */
#define MF_RATE_DEBT_WINDOWS_MAX 10 /* windows: no tenant has to wait longer than that for having used more than was left */
#define MF_TENANT_SUMS_MS 1000 /* ms: what a tenant has on the disk is added up anew at most so often, while it writes */
#define MF_TENANT_RUNS_DEFAULT 256 /* runs of one tenant at once, unless it or the config says otherwise: a quarter of all */
#define MF_TENANT_QUEUED_DEFAULT 256 /* runs of one tenant that wait for a place; likewise */
#define MF_TENANT_REQUESTS_DEFAULT 60000 /* requests of one tenant a minute: a thousand a second */
#define MF_TENANT_REQUESTS_MAX 1000000000 /* requests a minute: what the config may say */
#define MF_TENANT_CPU_MS_DEFAULT 600000 /* ms of CPU time of one tenant's runs a minute: ten processors' worth */
#define MF_TENANT_CPU_MS_MAX 60000000 /* ms of CPU time a minute: what the config may say, a thousand processors' worth */
#define MF_TENANT_EGRESS_BYTES_DEFAULT 107374182400 /* bytes that fetch() of one tenant sends and gets in an hour: 100 GiB */
#define MF_TENANT_EGRESS_BYTES_MAX 1125899906842624 /* bytes an hour: what the config may say, 1 PiB */
#define MF_TENANT_WORKSPACE_BYTES_DEFAULT 107374182400 /* bytes in all workspaces of one tenant: 100 GiB */
#define MF_TENANT_WORKER_BYTES_DEFAULT 10737418240 /* bytes of all versions of one tenant's workers: 10 GiB */
#define MF_TENANT_STORE_BYTES_MAX 17592186040320 /* bytes: what the config may say of both; the database cannot be larger */

/* -- workspaces */
#define MF_FS_CHUNK_BYTES 524288 /* bytes: a file's content is kept in pieces of this size, each once for each content; a read or write of one is about a millisecond */
#define MF_FS_CHUNK_SHARED_BYTES_MIN 4096 /* bytes: a smaller piece is kept for each file by itself: to look for its like costs more than a page of the database */
#define MF_FS_TRY_BYTES_MAX 65536 /* bytes: a file that is no larger may be read on the loop, in a fraction of what the way to the worker and back takes */
#define MF_FS_NAME_BYTES_MAX 255 /* bytes: one name in a path, Linux's own limit */
#define MF_FS_PATH_BYTES_MAX 4096 /* bytes: a path, also one that a rename would make; Linux's own limit */
#define MF_FS_DEPTH_MAX 128 /* directories above a file: what goes through a tree keeps its place in an array of this size */
#define MF_FS_TIME_MS_MAX 253402300799999 /* ms: the end of the year 9999; what somebody says is later is this, as dates are written with four digits */
#define MF_FS_LINKS_MAX 40 /* symbolic links followed for one path, Linux's own limit; then ELOOP */
#define MF_FS_GLOB_BYTES_MAX 4096 /* bytes: a pattern of paths, as long as a path */
#define MF_FS_GLOB_ALTERNATIVES_MAX 256 /* patterns that the braces of one make; each is tried on each path */
#define MF_FS_TAR_META_BYTES_MAX 65536 /* bytes: an extended header of an archive; it has names, of 4,096 bytes each */
#define MF_FS_PINS_MAX 4096 /* files and trees that are being read and must not change meanwhile; past it 503 */
#define MF_FS_COLLECT_DELAY_MS 500 /* ms: from a change to the removal of what it left behind; most runs are over by then and do not wait for it */
#define MF_FS_COLLECT_ROWS_MAX 2000 /* rows that one step of the collector removes, so that others have the store within some milliseconds */
#define MF_FS_COLLECT_BYTES_MAX 8388608 /* bytes of content that one step removes; each is overwritten with zeros */
#define MF_WORKSPACE_BYTES_DEFAULT 1073741824 /* bytes: a workspace's quota when nothing else is said */
#define MF_WORKSPACE_BYTES_MAX 1099511627776 /* bytes: what a quota may say, and the largest file; 1 TiB */
#define MF_WORKSPACE_INODES_DEFAULT 1000000 /* files, directories and links: likewise; each costs some 300 bytes */
#define MF_WORKSPACE_INODES_MAX 100000000 /* files, directories and links: what a quota may say */
#define MF_WORKSPACES_MAX 100000 /* workspaces of one tenant: they are counted when another is made, some 2 ms */
#define MF_WORKSPACE_DRAFTS_MAX 16 /* trees that are under way to one workspace, such as archives: each may be as large as its quota; past it 503 */
#define MF_WORKSPACE_SNAPSHOTS_MAX 100 /* snapshots of one workspace: each may keep as much as the quota allows */
#define MF_WORKSPACE_CHANGES_MAX 20000 /* changes that a workspace remembers; when there are more, the older half goes */
#define MF_WORKSPACE_OPS_MAX 10000 /* operations in one batch: it is one transaction, and others wait for it */
#define MF_WORKSPACE_EDIT_BYTES_MAX 16777216 /* bytes: a file that is edited or compared is in memory as a whole */
#define MF_WORKSPACE_PIECE_BYTES 1048576 /* bytes: of a file on its way in or out that are in memory at a time, two chunks */
#define MF_WORKSPACE_PAGE_MAX 1000 /* entries, matches or changes in one answer */
#define MF_WORKSPACE_PAGE_DEFAULT 100 /* likewise, unless the caller says how many */
#define MF_WORKSPACE_VISITS_MAX 20000 /* entries that one call looks at, some 0.1 s; the answer then says where to go on, and may have found nothing yet */
#define MF_WORKSPACE_GREP_PATTERN_BYTES_MAX 1024 /* bytes: what is looked for */
#define MF_WORKSPACE_GREP_FILE_BYTES_MAX 16777216 /* bytes: a file that is looked through is in memory as a whole; larger ones are named in the answer */
#define MF_WORKSPACE_GREP_TEXT_BYTES_MAX 2048 /* bytes: of one line in the answer */
#define MF_WORKSPACE_GREP_BLOCK_BYTES_MAX 65536 /* bytes: that an expression is tried on before the time is looked at; a longer line is a block of its own */
#define MF_WORKSPACE_GREP_STEP_BYTES_MAX 4194304 /* bytes looked through in one transaction, */
#define MF_WORKSPACE_GREP_STEP_NS_MAX UINT64_C(50000000) /* ns of CPU in one: others come between, */
#define MF_WORKSPACE_GREP_STEPS_MAX 40 /* and as many of them before the answer says where to go on: some 2 s of CPU */
#define MF_WORKSPACE_GREP_CONTEXT_MAX 20 /* lines before and after a match */
#define MF_WORKSPACE_ANSWER_BYTES_MAX 33554432 /* bytes: one answer as JSON: 1,000 entries whose paths are escaped */
#define MF_WORKSPACE_QUERY_BYTES_MAX 65536 /* bytes: what the parameters of a call decode to; the target has at most 16 KiB */
#define MF_WORKSPACE_DIFF_BYTES_MAX 4194304 /* bytes: each of two files that are compared */
#define MF_WORKSPACE_DIFF_LINES_MAX 100000 /* lines: likewise */
#define MF_WORKSPACE_DIFF_EDITS_MAX 2000 /* lines removed or added on the shortest way between two files; it takes the square of them in numbers, 16 MiB. Past it the way is not the shortest */
#define MF_WORKSPACE_DIFF_CONTEXT_MAX 1000 /* lines around each change */
#define MF_WORKSPACE_EDITS_MAX 1000 /* replacements in one edit: each looks through the file */

/* -- regular expressions: RE2 */
#define MF_REGEX_SOURCE_BYTES_MAX 16384 /* bytes: an expression in RE2's syntax, where some characters are ten */
#define MF_REGEX_NESTING_MAX 50 /* parentheses inside of each other */
#define MF_REGEX_INSTRUCTIONS_MAX 10000 /* instructions: of what an expression is compiled to; one of Unicode's letters are a thousand */
#define MF_REGEX_MEMORY_BYTES_MAX 2097152 /* bytes: an expression, and the states of it that RE2 has met and keeps */
#define MF_REGEX_WORK_MAX 64000000 /* bytes of text times instructions: of one search, some 0.6 s where each byte needs all of them, and mostly a thousandth of that */

/* -- admission, pool */
#define MF_RUNS_CONCURRENT_DEFAULT 1024 /* runs at once in all executors; a parked run costs about 1.5 MB */
#define MF_RUNS_CONCURRENT_MAX 100000 /* runs: what the config may say */
#define MF_RUNS_QUEUED_DEFAULT 1024 /* runs: waiting for a place; past it 503 with Retry-After */
#define MF_RUNS_QUEUED_MAX 100000 /* runs: what the config may say */
#define MF_QUEUE_WAIT_MS_MAX 10000 /* ms: a run waits for a place no longer than this */
#define MF_EXECUTORS_MAX 256 /* processes: what the config may say */
#define MF_EXECUTORS_DEFAULT_MAX 8 /* processes: one for each CPU, but by default no more than this; each costs its standby isolates */
#define MF_EXECUTOR_START_MS_MAX 10000 /* ms: from spawn to READY; past it the executor is killed */
#define MF_EXECUTOR_DRAIN_MS_MAX 60000 /* ms: a condemned executor may finish its other runs for this long */
#define MF_EXECUTOR_BACKOFF_MS_MIN 100 /* ms: before an executor that died young is started again */
#define MF_EXECUTOR_BACKOFF_MS_MAX 10000 /* ms: the longest such wait; it doubles up to here */
#define MF_EXECUTOR_CRASHES_MAX 5 /* deaths within MF_EXECUTOR_CRASH_WINDOW_MS that make /healthz say degraded */
#define MF_EXECUTOR_CRASH_WINDOW_MS 60000 /* ms: see above */
#define MF_HTTP_DRAIN_IDLE_MS 1000 /* ms: a server that drains still takes a request on a connection that was opened or used less than this ago; clients are on this machine, so what they send is here by then even when it is busy */
#define MF_DRAIN_MS_MAX 30000 /* ms: from SIGTERM to the end, for the runs that are under way */
#define MF_RETRY_AFTER_S_MAX 60 /* s: the longest Retry-After that is ever answered; the pace of a minute ago says little about now */
#define MF_RUN_CANCEL_GRACE_MS 2500 /* ms: from CANCEL to DONE, the CPU grace included; past it the executor is stuck, condemned and killed */
#define MF_POOL_DOMAINS_MAX 5 /* kinds of executors that never share a process: one for the runs that clients ask for, one for each depth of interceptors; those that make code caches come on top */
#define MF_EXECUTORS_TOTAL_DEFAULT 8 /* processes of all tenants together when each has its own; an idle one costs its standby isolates, some 40 MB */
#define MF_POOL_TENURE_MS 500 /* ms: an executor is one tenant's at least so long; starting another takes about 100 ms of CPU time */
#define MF_POOL_OWNER_IDLE_MS 30000 /* ms: after so long without a run a tenant's executor makes way for one that stands by for anybody */
#define MF_POOL_START_WAIT_MS 10000 /* ms: a run waits inside the pool for an executor to become ready no longer than this */
#define MF_POOL_BUNDLE_COPY_BYTES_MAX 65536 /* bytes: a bundle up to here rides in the same write as its START; a larger one is sent in pieces, each copied when its turn comes */
#define MF_POOL_BUNDLE_PIECE_BYTES 131072 /* bytes: one BUNDLE frame of a large bundle; the frames of other runs go between two of them */
#define MF_POOL_WRITE_BYTES 1048576 /* bytes: written to one executor in one turn of the loop, likewise */
#define MF_POOL_STANDBY_WORTH_RUNS 4 /* runs: that many more an executor with a standby isolate may have than one without; making an isolate takes about as long as some short runs */
#define MF_POOL_RUN_MOVES_MAX 2 /* times: a run that an executor sends back unbegun is given to another one so often */
#define MF_POOL_READ_BYTES 65536 /* bytes: read from one executor in one turn of the loop, so that a talkative one cannot hold the others up */
#define MF_POOL_SOCKET_BYTES 1048576 /* bytes: asked of the kernel for each direction of a channel; fewer wake-ups for large bodies */
#define MF_EXECUTOR_CONDEMNED_MAX 2 /* condemned executors for each place that may still finish their runs; past it the oldest is killed, so that memory bombs cannot pile up processes */
#define MF_EXECUTOR_STUCK_MS_MAX 5000 /* ms: an executor that did not end a canceled run in time may finish its other runs this long; then SIGKILL */
#define MF_EXECUTOR_EXIT_MS_MAX 2000 /* ms: from DRAIN without runs to the end of the process; past it SIGKILL */
#define MF_EXECUTOR_YOUNG_MS 5000 /* ms: an executor that dies before this age counts as a failed start and lengthens the backoff */
#define MF_EXECUTOR_LOG_LINE_BYTES_MAX 1024 /* bytes: one line of an executor's standard error; the rest of a longer one is dropped */
#define MF_EXECUTOR_LOG_LINES_PER_SECOND_MAX 20 /* lines of one executor that reach our log; past it they are counted only */
#define MF_EXECUTOR_RECYCLE_RUNS_DEFAULT 1000000 /* runs after which an executor is replaced by a fresh one: no leak, fragment or quiet intruder lives on for ever */
#define MF_EXECUTOR_RECYCLE_RUNS_MAX 4294967295 /* runs: what the config may say */
#define MF_EXECUTOR_RECYCLE_MEMORY_PERCENT 75 /* percent of executors.memoryMb: an executor whose resident memory passes it is replaced before it reaches the wall */
#define MF_EXECUTOR_LOOK_MS 2000 /* ms: between two looks at the executors' resident memory */

/* -- meter */
#define MF_METER_OUTCOMES_MAX 16 /* outcomes of runs that are counted apart: there are seven */
#define MF_METER_PROBLEMS_MAX 256 /* errors that requests were answered with and are counted apart: more than errors.h has */

/* -- ledger */
#define MF_LEDGER_HASH_BYTES_MAX 64 /* bytes: SHA-256 in hexadecimal */
#define MF_LEDGER_SYNC_MS 100 /* ms: what a fall of the machine may take, and how often what could not be written is tried again */
#define MF_LEDGER_STORAGE_MS 60000 /* ms: what is stored is added to usage this often */
#define MF_USAGE_STORAGE_STEP_S 120 /* s: the longest time that one such look adds; twice the one above */
#define MF_LEDGER_SEGMENT_BYTES_MAX 8388608 /* bytes: of one file, about 80,000 records; it is deleted as a whole */
#define MF_LEDGER_PENDING_BYTES_MAX 67108864 /* bytes: records that could not be written; two of each run that may be under way */
#define MF_LEDGER_SUM_BYTES_MAX 1048576 /* bytes: records that are summed up in one transaction; others wait for the store meanwhile */
#define MF_USAGE_ROWS_DEFAULT 1000 /* rows of sums in one page, unless the caller says how many */
#define MF_USAGE_ROWS_MAX 10000 /* rows of sums in one page */
#define MF_USAGE_DAYS_MAX 3660 /* days that one question may be about */
#define MF_USAGE_GB_MONTH_MICROS 200000 /* micros: the default price of 10^9 bytes stored for 30 days; Cloudflare's for SQLite in Durable Objects */
#define MF_USAGE_WORKER_DAY_MICROS 2000 /* millionths of a unit of money: Cloudflare's $0.002 for a unique worker and day */
#define MF_USAGE_MILLION_RUNS_MICROS 300000 /* the same: its $0.30 for a million requests */
#define MF_USAGE_MILLION_CPU_MS_MICROS 20000 /* the same: its $0.02 for a million milliseconds of CPU */
#define MF_USAGE_PUSH_INTERVAL_MS_DEFAULT 60000 /* ms: between two looks for usage that has changed; what is stored changes this often */
#define MF_USAGE_PUSH_INTERVAL_MS_MIN 100 /* ms: likewise, the least that the config may say; sums are not newer than MF_LEDGER_SYNC_MS */
#define MF_USAGE_PUSH_INTERVAL_MS_MAX 86400000 /* ms: likewise, the most: a day */
#define MF_USAGE_PUSH_ROWS_MAX 1000 /* rows in one delivery; with the longest of names not a MiB */
#define MF_USAGE_PUSH_TIMEOUT_MS 20000 /* ms: for one delivery; Standard Webhooks says 15 to 30 s */
#define MF_USAGE_PUSH_RETRY_MS_MIN 1000 /* ms: before the first retry; each wait is twice the one before, and as much again at random */
#define MF_USAGE_PUSH_RETRY_MS_MAX 300000 /* ms: the longest such wait, also where the receiver asks for more, and each one after a refusal */
#define MF_USAGE_PUSH_SECRETS_MAX 2 /* keys in the file: one, and another while it takes the first one's place */
#define MF_USAGE_PUSH_SECRET_BYTES_MIN 24 /* bytes of a key; Standard Webhooks' own number, as the next one */
#define MF_USAGE_PUSH_SECRET_BYTES_MAX 64 /* bytes of a key */
#define MF_USAGE_PUSH_FILE_BYTES_MAX 512 /* bytes: the file of keys, in base64 */
#define MF_USAGE_PRICE_MICROS_MAX 1000000000000 /* millionths of a unit of money: what the config may say of a price */

/* -- runs that are over, and who watches */
#define MF_TRACE_COUNT_DEFAULT 10000 /* runs of which a record is kept, the newest; a small one takes about 1 KB */
#define MF_TRACE_COUNT_MAX 1000000 /* runs: what the config may say */
#define MF_TRACE_MEMORY_MB_DEFAULT 64 /* MiB: all records together */
#define MF_TRACE_MEMORY_MB_MAX 65536 /* MiB: what the config may say */
#define MF_TRACE_RECORD_BYTES_DEFAULT 65536 /* bytes: one record; of a run that says more the ends of its lists are cut */
#define MF_TRACE_RECORD_BYTES_MIN 1024 /* bytes: below this not even names and numbers fit */
#define MF_TRACE_RECORD_BYTES_MAX 1048576 /* bytes: what the config may say, and what a tail worker gets of one run */
#define MF_TRACE_AGE_S_DEFAULT 86400 /* s: a record goes after a day */
#define MF_TRACE_AGE_S_MAX 2592000 /* s: what the config may say, 30 days */
#define MF_TRACE_URL_BYTES_MAX 2048 /* bytes: of a run's URL that a record has */
#define MF_TRACE_METHOD_BYTES_MAX 64 /* bytes: likewise of its method */
#define MF_TRACE_ENTRYPOINT_BYTES_MAX 256 /* bytes: of the name of its export */
#define MF_TRACE_TOOL_CALLS_BYTES_MAX 65536 /* bytes: what became of an execution's calls, some 400 of them; the rest are counted */
#define MF_TRACE_HEADERS_MAX 64 /* headers that a record has: each is compared with those before it */
#define MF_TRACE_HEADERS_BYTES_MAX 8192 /* bytes: of them as JSON */
#define MF_TRACE_STATE_BYTES_MAX 512 /* bytes: tracestate; W3C wants as many to be handed on, and a longer one counts for nothing */
#define MF_TRACE_STATE_MEMBERS_MAX 32 /* members of it: W3C's number */
#define MF_TRACE_PAGE_DEFAULT 100 /* runs in one page, unless the caller says how many */
#define MF_TRACE_PAGE_MAX 1000 /* runs in one page */
#define MF_TRACE_PAGE_BYTES 4194304 /* bytes: a page with more ends early */
#define MF_TRACE_LOOKS_MAX 100000 /* records that one call looks at, some 10 ms; the answer then says where to go on, and may have found nothing yet */
#define MF_TRACE_QUERY_BYTES_MAX 4096 /* bytes: what the parameters of a call decode to */
#define MF_TAIL_READERS_MAX 64 /* readers of /v1/tail at once: each run that ends is compared with what each wants */
#define MF_TAIL_SEARCH_BYTES_MAX 256 /* bytes: a search; it is looked for in all that each run says */
#define MF_TAIL_PING_MS 10000 /* ms: without an event; proxies give silent streams up after 30 s and more */
#define MF_TAIL_WORKERS_MAX 10 /* tail workers of one worker: each of its runs makes as many more */
#define MF_TAIL_RUNS_MAX 256 /* runs of tail workers that wait or are under way; past it their events are dropped and counted */

/* -- traces that are sent */
#define MF_OTLP_QUEUE_BYTES_MAX 33554432 /* bytes: records that wait to be sent; past it new ones are dropped and counted */
#define MF_OTLP_QUEUE_MAX 8192 /* runs: likewise */
#define MF_OTLP_BATCH_MAX 512 /* runs in one request; OpenTelemetry's own number for spans */
#define MF_OTLP_BATCH_BYTES_MAX 4194304 /* bytes of records in one request: collectors refuse what is larger than some MiB */
#define MF_OTLP_BODY_BYTES_MAX 67108864 /* bytes: one request; a record grows at most so much by its escapes */
#define MF_OTLP_DELAY_MS 1000 /* ms: a record waits for others to go with it no longer than this */
#define MF_OTLP_TIMEOUT_MS 10000 /* ms: for one request; OpenTelemetry's own number */
#define MF_OTLP_RETRY_MS_MIN 500 /* ms: before the first retry; each wait is twice the one before, and as much again at random */
#define MF_OTLP_RETRY_MS_MAX 30000 /* ms: the longest such wait, also where the collector asks for more */
#define MF_OTLP_TRIES_MAX 6 /* times that one request is sent; then it is dropped and counted */
#define MF_OTLP_HEADERS_MAX 16 /* headers in the file that the config names */
#define MF_OTLP_HEADERS_BYTES_MAX 16384 /* bytes: that file */
#define MF_OTLP_ANSWER_BYTES_MAX 65536 /* bytes: of a collector's answer that are read */
#define MF_OTLP_SPANS_MAX 1024 /* spans of one run: its requests and calls of tools; the rest are counted */
#define MF_POST_URL_BYTES_MAX 2048 /* bytes: the URL of a collector or a receiver that the config names */
#define MF_OTLP_CLOSE_MS 2000 /* ms: at the end of the daemon for what was not sent yet */

/* -- store */
#define MF_STORE_BYTES_MIN 1048576 /* bytes: the least that the config may say the database's file may have; empty tables take half of it */
#define MF_STORE_BYTES_MAX 17592186040320 /* bytes: SQLite's own limit, 16 TiB */
#define MF_STORE_NAME_BYTES_MAX 64 /* bytes: the name of a secret or an outbound; it stands in URLs, logs and error texts */
#define MF_STORE_TENANT_BYTES_MAX 64 /* bytes: likewise */
#define MF_STORE_VALUE_BYTES_MAX 134217728 /* bytes: one value that SQLite keeps; a worker's 64 MiB of code as JSON, its binary modules in base64, is the largest thing that is ever stored whole */
#define MF_STORE_BUSY_MS_MAX 5000 /* ms: waited for another process, such as a backup, that has the file locked */
#define MF_STORE_ROUND_JOBS_MAX 32 /* jobs that share one transaction and one wait for the disk: a run has 32 operations open, and each holds its answer meanwhile */
#define MF_STORE_ROUND_NS_MAX 5000000 /* ns: after that a round takes no further job, as those that are done wait for its end */
#define MF_STORE_TRY_NS_MAX 2000000 /* ns: a look at the store on the loop that took longer was one at the disk, or at too much: the next ones go to the worker for a while */
#define MF_STORE_TRY_PAUSE_NS 100000000 /* ns: so long; a slow disk then holds the loop up for a small part of the time */
#define MF_STORE_JOBS_MAX 1024 /* jobs that wait for the store: at 1 ms for a commit, a second of work; past it 503 */
#define MF_STORE_PATH_BYTES_MAX 3500 /* bytes: the state directory's path; room for the names of the files below it */

/* -- vault */
#define MF_SECRETS_COUNT_MAX 4096 /* secrets in one daemon: all of them are in memory */
#define MF_TENANT_SECRETS_MAX 512 /* secrets of one tenant, the operator's own excepted: nobody takes all the places */
#define MF_SECRET_VALUE_BYTES_MAX 32768 /* bytes: one value; session tokens and service accounts' keys have a few thousand */
#define MF_SECRET_TEXT_BYTES_MAX 1024 /* bytes: what stands beside a value: user name, scope, URL, template */
#define MF_SECRET_PARAM_BYTES_MAX 128 /* bytes: the name of a header or a query parameter */
#define MF_SECRET_HOST_BYTES_MAX 260 /* bytes: a host that a secret may go to: a name of 253 and its port */
#define MF_SECRET_RECORD_BYTES_MAX 65536 /* bytes: one secret with all that belongs to it */
#define MF_SECRET_PUT_BYTES_MAX 262144 /* bytes: the JSON of a PUT: a record in which every byte is written as an escape */
#define MF_SECRET_USERS_BYTES_MAX 8192 /* bytes: names of outbounds that keep a secret from being deleted */
#define MF_SECRET_BODY_BYTES_MAX 10485760 /* bytes: a request's body that is held because its signature needs all of it */
#define MF_VAULT_HEAP_BYTES 4194304 /* bytes: locked memory for values, within the 8 MiB that Linux lets every process lock; past it ordinary memory */
#define MF_VAULT_HEAP_USED_PERCENT 75 /* percent of it that values may fill; the rest is for OpenSSL's own private keys, which have no other place to go */
#define MF_VAULT_HEAP_BLOCK_BYTES 64 /* bytes: the smallest piece of it */
#define MF_VAULT_USED_MS 60000 /* ms: between two writes of the times of last use; that much of them may be lost in a crash */
/* -- outbound: what fetch() may reach */
#define MF_OUTBOUND_NAME_BYTES_MAX 64 /* bytes: the name of an outbound, a secret or an interceptor's worker in a policy */
#define MF_OUTBOUND_POLICY_BYTES_MAX 262144 /* bytes: one policy as JSON; a thousand rules fit, and reading it takes a few milliseconds of the loop */
#define MF_OUTBOUND_RULES_MAX 1024 /* rules in one policy: they are tried in order for every request */
#define MF_OUTBOUND_HOSTS_MAX 64 /* hosts in one rule */
#define MF_OUTBOUND_PORTS_MAX 16 /* ports in one rule */
#define MF_OUTBOUND_METHODS_MAX 16 /* methods in one rule */
#define MF_OUTBOUND_RANGES_MAX 32 /* address ranges that one rule opens */
#define MF_OUTBOUND_HEADERS_MAX 64 /* headers that one rule strips or sets */
#define MF_OUTBOUND_SECRETS_MAX 8 /* secrets that one rule injects, and as many placeholders */
#define MF_OUTBOUND_POLICY_NAMES_MAX 256 /* secrets that one policy names, and as many workers */
#define MF_OUTBOUND_FAULTS_MAX 20 /* faults that one answer lists; who fixes those sees the rest next time */
#define MF_OUTBOUND_FAULT_BYTES_MAX 16384 /* bytes: all the sentences of one answer; each may quote what was written */
#define MF_OUTBOUND_PATH_BYTES_MAX 1024 /* bytes: a rule's path prefix */
#define MF_OUTBOUND_METHOD_BYTES_MAX 32 /* bytes: the longest registered method has 17 */
#define MF_OUTBOUND_URL_BYTES_MAX 16384 /* bytes: a URL that is fetched, Cloudflare's 16 KB */
#define MF_OUTBOUND_CONNECTION_BYTES_MAX 1024 /* bytes: a guest's Connection headers; each of its other headers is looked up there */
#define MF_REDACT_SECRET_BYTES_MIN 8 /* bytes: a shorter secret is not searched for in answers; it would be found in every other page */
#define MF_REDACT_SECRET_BYTES_MAX 65536 /* bytes: one text that is searched for in answers: a secret of 32 KiB with what is written around it */
#define MF_REDACT_NODES_MAX 1048576 /* states of one automaton: about 14 for each byte of the secrets, 16 bytes of memory each */
#define MF_OUTBOUNDS_MAX 1000 /* stored outbounds of one tenant */
#define MF_OUTBOUNDS_ALL_MAX 20000 /* stored outbounds of all tenants: they are in memory, ready for the next run */

/* -- upstream: what fetch() gets */
#define MF_UPSTREAM_RUN_REQUESTS_DEFAULT 6 /* requests of one run that have a connection at once; Cloudflare's number; the others wait in their order */
#define MF_INTERCEPT_PIECE_BYTES 16384 /* bytes of a request's body that go to an interceptor at once: on the stack, and what may wait for its window */
#define MF_INTERCEPT_TEXT_BYTES 512 /* bytes of an interceptor's failure in the log */
#define MF_UPSTREAM_REQUESTS_DEFAULT 1024 /* requests of all runs that have a connection or an interceptor at once, counted apart for each depth of interceptors: each may hold a window each way and some buffers, about 0.7 MB */
#define MF_UPSTREAM_REQUESTS_MAX 16384 /* requests: what the config may say */
#define MF_UPSTREAM_HELD_BYTES_MAX 536870912 /* bytes: heads and bodies of requests that have not gone out, of all runs; past it a fetch() fails, so that many that upload slowly cannot take the machine's memory */
#define MF_UPSTREAM_PARTITIONS_MAX 256 /* pools of connections, one for each tenant and credential; the one that nobody used for the longest time goes */
#define MF_UPSTREAM_PARTITION_CONNECTIONS_MAX 64 /* connections that one pool keeps for the next request */
#define MF_UPSTREAM_IDLE_CONNECTIONS_MAX 1024 /* connections that all pools keep; past it pools without a request are closed */
#define MF_UPSTREAM_READ_BYTES 65536 /* bytes: read from an upstream at a time */
#define MF_UPSTREAM_ADDRESSES_MAX 64 /* addresses of one name: nobody needs more, and each is checked; a name with more is refused */
#define MF_UPSTREAM_NAMES_MAX 1024 /* names whose addresses are kept */
#define MF_UPSTREAM_NAME_MS_MAX 30000 /* ms: addresses are kept as long as their answer says, and no longer than this */
#define MF_UPSTREAM_DNS_TRY_MS 2000 /* ms: the first wait for one DNS server; the next ones are longer */
#define MF_UPSTREAM_DNS_BYTES_MAX 1232 /* bytes: an answer over UDP, which no network cuts in two (DNS flag day 2020); a longer one comes over TCP */
#define MF_UPSTREAM_DNS_TRIES 3 /* times that each DNS server is asked */
#define MF_UPSTREAM_DNS_SERVERS_MAX 8 /* DNS servers in the config */
#define MF_UPSTREAM_RESOLV_CONF_MS 5000 /* ms: between two looks at whether resolv.conf has changed */
#define MF_UPSTREAM_INTERFACES_MAX 64 /* addresses of this machine that are known as its own */
#define MF_UPSTREAM_INTERFACES_MS 30000 /* ms: between two looks at them */
#define MF_UPSTREAM_LISTENERS_MAX 16 /* addresses that the daemon listens on; MF_HTTP_LISTENERS_MAX */
#define MF_UPSTREAM_INFORMATIONAL_MAX 8 /* interim answers (1xx) before the real one */
#define MF_UPSTREAM_REDIRECTS_MAX 20 /* redirects that one fetch() follows; the Fetch Standard's number */
#define MF_UPSTREAM_REPLAY_BYTES_MAX 65536 /* bytes: a request body up to here is kept, so that a redirect (307, 308) or a new connection can send it again */
#define MF_UPSTREAM_DRAIN_BYTES_MAX 16384 /* bytes: of a redirect's own body, read to keep its connection; past it closing is cheaper */
#define MF_UPSTREAM_ANSWER_BYTES_DEFAULT 1073741824 /* bytes: one answer as it comes; streamed, never held */
#define MF_UPSTREAM_ANSWER_BYTES_MAX 1099511627776 /* bytes: what the config may say, 1 TiB */
#define MF_UPSTREAM_DECODED_BYTES_DEFAULT 268435456 /* bytes: one answer as gzip, deflate or br make it; a bomb is a thousand times its size */
#define MF_UPSTREAM_DECODERS_BYTES_MAX 268435456 /* bytes: memory of all decoders together; one of br may take 16 MiB for its window alone */
#define MF_UPSTREAM_STALL_MS 250 /* ms: all requests of a run that have a connection wait for the worker this long, and others wait for them: the least recently used one is closed, as Cloudflare does */
#define MF_UPSTREAM_TAIL_BYTES 128 /* bytes: of a request's body, looked at once more together with the next ones: a placeholder may be cut in two */
#define MF_UPSTREAM_RECORDS_BYTES_MAX 65536 /* bytes: records of a run's requests in its envelope, some 400 of them; the rest are counted */
#define MF_UPSTREAM_TOKENS_MAX 1024 /* access tokens that are kept */
#define MF_UPSTREAM_TOKEN_BYTES_MAX 65536 /* bytes: the answer of a token's server, and the form that is sent there; tokens of 16 KiB are the largest */
#define MF_UPSTREAM_TOKEN_MS 30000 /* ms: to fetch an access token */
#define MF_UPSTREAM_TOKEN_LIFE_MS 300000 /* ms: how long a token holds whose server does not say */
#define MF_UPSTREAM_TOKEN_EARLY_MS 300000 /* ms: a token is renewed this long before it ends, or a quarter of its life if that is less, and up to a fifth of that earlier, at random */
#define MF_UPSTREAM_TOKEN_RETRY_MS 5000 /* ms: after a failure a token's server is left alone this long */
#define MF_UPSTREAM_RESOLVE_MS 5000 /* ms: to resolve a name */
#define MF_UPSTREAM_CONNECT_MS 10000 /* ms: to connect to one of its addresses */
#define MF_UPSTREAM_TLS_MS 10000 /* ms: the TLS handshake */
#define MF_UPSTREAM_WAIT_MS 60000 /* ms: from the end of the request to the end of the answer's head; models think long */
#define MF_UPSTREAM_IDLE_MS 60000 /* ms: the longest gap between two pieces of an answer's body */
#define MF_UPSTREAM_TOTAL_MS 3600000 /* ms: all of one fetch(), redirects included; as long as a run may last */

/* -- executor */
#define MF_EXECUTOR_RUNS_MAX 4096 /* runs in one executor, parked ones included: each has its own mappings and Linux allows 65,530 of those in a process */
#define MF_EXECUTOR_TASKS_MAX 512 /* threads of an executor that are looked at when its processors are set: one that is taken over may have made more than it is meant to */
#define MF_EXECUTOR_THREADS_MAX 64 /* V8 threads in one executor: CPU hogs wait for their limit on these */
#define MF_EXECUTOR_TURN_PULLS_MAX 32 /* pieces of bodies that a turn is told of beyond those that were there when it began: a small body comes whole, a long one takes turns with other runs */
#define MF_EXECUTOR_TURN_WAIT_MS 5 /* ms: a ready turn that has waited longer gets another thread */
#define MF_EXECUTOR_TURN_HOG_MS 10 /* ms of CPU: a turn that has used this much may be a hog; a short run with an isolate made for it uses about 5 */
#define MF_EXECUTOR_TURN_STALL_MS 100 /* ms: a turn that has lasted this long holds its thread, whatever it waits for */
#define MF_EXECUTOR_REST_MS 500 /* ms: without an isolate made or disposed of, after which the memory kept for that goes back to the system */
#define MF_EXECUTOR_THREAD_IDLE_MS 5000 /* ms: a V8 thread beyond one for each processor ends after this long without work */
#define MF_EXECUTOR_RUNS_DEFAULT 1024 /* runs in one executor, parked ones included, unless config says otherwise */
#define MF_EXECUTOR_THREADS_DEFAULT 32 /* V8 threads that one executor may come to have; they start only while turns wait */
#define MF_EXECUTOR_MEMORY_MB_DEFAULT 4096 /* MiB: all of V8 in one executor; with 1.5 MB for a parked run there is room for its runs and some that use their 128 MiB */
#define MF_EXECUTOR_MEMORY_MB_MIN 64 /* MiB: below this V8 and its standby isolates have no room */
#define MF_EXECUTOR_MEMORY_MB_MAX 1048576 /* MiB: what the config may say, 1 TiB */
#define MF_EXECUTOR_STANDBY_DEFAULT 8 /* isolates made ahead in each executor */
#define MF_EXECUTOR_STANDBY_MAX 256 /* isolates: what the config may say */
#define MF_EXECUTOR_STACK_BYTES 1048576 /* bytes: what script may use of a V8 thread's stack */
#define MF_EXECUTOR_STACK_SLACK_BYTES 524288 /* bytes: for native frames below the script's limit */
#define MF_EXECUTOR_FDS_MAX 32 /* descriptors in one jailed executor: null device, log, channel, epoll, wake-ups */
#define MF_EXECUTOR_LOG_FILE_BYTES_MAX 16777216 /* bytes: what one executor may add when its log is a file, so that it cannot fill a disk */
#define MF_JAIL_SPAWN_MS_MAX 5000 /* ms: from clone to exec of an executor; the loop waits for it, usually 2 ms */
#define MF_EXECUTOR_OP_BYTES_MAX 67108864 /* bytes: one argument or result of a native op; the script gets a RangeError past it */
#define MF_ENGINE_HEAP_SLACK_BYTES 67108864 /* bytes: added to twice a run's memory limit, past which V8 is refused a page, which is fatal to it: the room in which a collection may still save the run or end it in order */
#define MF_ENGINE_NATIVE_LARGE_BYTES 8192 /* bytes: from here on V8's native memory is refused past the slack above; smaller blocks are always granted, as ICU knows no way out and ends the process */
#define MF_ENGINE_RESERVED_BYTES_MAX 34359738368 /* bytes: address space that the wasm memories and resizable buffers of one run may reserve; 4,096 runs then stay within the 47 bits that a process has */
#define MF_ENGINE_YOUNG_BYTES_MAX 25165824 /* bytes: V8's young generation in one isolate; larger ones collect less often and cost more memory for each run */
#define MF_ENGINE_CODE_RANGE_BYTES 134217728 /* bytes: address space for the machine code of one isolate; V8's own choice is four times that, which no run within its memory limit could fill */
#define MF_ENGINE_EAGER_BYTES_MAX 4096 /* bytes: a module up to here is compiled whole at once; a larger one may have much that never runs */
#define MF_ENGINE_TABLE_SEGMENTS_KEPT_MAX 16 /* segments of 64 KiB of V8's table of functions that stay resident for the next isolates, of which each takes one or two */
#define MF_ENGINE_CODE_RANGES_KEPT_MAX 64 /* reservations kept for new isolates in one process: address space only */
#define MF_ENGINE_WARM_BYTES_MAX 16777216 /* bytes: wiped heap pages that one process keeps resident for new isolates: a dozen of them */
#define MF_ENGINE_FLATTEN_BYTES_MIN 1048576 /* bytes: strings from here on are read only when the run has memory for one more copy of them */
#define MF_SNAPSHOT_BYTES_MAX 67108864 /* bytes: the blob that the build makes; it is about 2 MiB, so that more is a mistake of ours */
#define MF_ENGINE_EVENT_ARGS_MAX 16 /* arguments of one delivered event */
#define MF_ENGINE_TASKS_MAX 4096 /* tasks that V8 may have waiting for one isolate; it posts a handful, so that more is a bug */
#define MF_ENGINE_SOURCE_LINE_CHARS_MAX 1024 /* characters: a source line in an exception; minified code has lines of megabytes */
#define MF_RANDOM_BYTES_MAX 65536 /* bytes: one crypto.getRandomValues call, as the Web Crypto specification says */

/* -- cryptography */
#define MF_CRYPTO_SLICE_BYTES 1048576 /* bytes: digested or encrypted between two looks at whether the run was ended; 2 to 10 ms */
#define MF_CRYPTO_SLICE_ITERATIONS 4096 /* iterations of PBKDF2 between two such looks; 1 to 5 ms */
#define MF_CRYPTO_DIGEST_BYTES_MAX UINT64_C(1152921504606846976) /* bytes: one digest in pieces; the counters of SHA-256 end at twice that */
#define MF_CRYPTO_PBKDF2_ITERATIONS_MAX 10000000 /* iterations: some seconds of CPU, which the run's limit ends sooner. OWASP asks for 600,000; Cloudflare stops at 100,000, as its CPU limit does not end native code */
#define MF_CRYPTO_WRAP_BYTES_MAX 65536 /* bytes: wrapped by AES-KW, which goes over all of them six times and cannot be stopped; keys have no more than a few thousand */
#define MF_CRYPTO_EDDSA_BYTES_MAX 16777216 /* bytes: one message of EdDSA, which is digested twice and cannot be stopped; about 0.1 s */
#define MF_CRYPTO_RSA_BITS_MIN 512 /* bits: OpenSSL's own least; smaller ones are a joke */
#define MF_CRYPTO_RSA_BITS_MAX 8192 /* bits: a signature with such a key takes about 0.1 s and cannot be stopped; it grows with the third power */
#define MF_CRYPTO_RSA_GENERATE_BITS_MAX 4096 /* bits: making one takes about a second of CPU, a larger one would rarely be done within a run's limit */
#define MF_CRYPTO_RSA_EXPONENT_BITS_MAX 64 /* bits: OpenSSL's limit for large keys, here for all; people use 17 */
#define MF_CRYPTO_KEY_BYTES_MAX 16384 /* bytes: a key in any form; the largest RSA key has 4,800 */
#define MF_CRYPTO_PBKDF2_BYTES_MAX 65536 /* bytes: each 16 to 64 of them cost all iterations anew; keys have 32 */

/* -- compression streams */
#define MF_COMPRESS_STREAMS_MAX 1024 /* streams of one run that are not over: the memory of each is counted too and usually ends sooner */
#define MF_COMPRESS_WRITE_BYTES_MAX 65536 /* bytes: input that one stream holds at a time */
#define MF_COMPRESS_READ_BYTES_MAX 65536 /* bytes: output of one read; a bomb swells no faster than it is read */
#define MF_COMPRESS_STEP_BYTES 4096 /* bytes: input that one read takes on: the worst input keeps zlib at its highest level busy for 50 ms */
#define MF_COMPRESS_ROOM_BYTES_MIN 64 /* bytes: room for output in one read; zlib repeats flush markers when there are less than seven */
#define MF_COMPRESS_DICTIONARY_BYTES_MAX 1048576 /* bytes: more than zlib's window of 32 KiB can use */
#define MF_COMPRESS_BROTLI_LEVEL 5 /* level of CompressionStream: brotli's own default, 11, is for files that are made once */
#define MF_COMPRESS_BROTLI_WINDOW_BITS 22 /* log2 bytes: brotli's own default, 4 MiB */
#define MF_COMPRESS_BROTLI_SLOW_WINDOW_BITS 18 /* log2 bytes: the most at levels 10 and 11, so that one step takes 0.2 s of CPU and not a whole second */

/* -- cli */
#define MF_CLI_ANSWER_BYTES_MAX 268435456 /* bytes: the daemon's answer: a 32 MiB body and 4 MiB of logs, each at most six times as long in JSON */
#define MF_CLI_TARGET_BYTES_MAX 65536 /* bytes: a URL of mayfly fs: a path of 4,096 bytes, each as %XX, twice, and the daemon's address */
#define MF_CLI_TREE_BYTES_MAX 2147483648 /* bytes: of the names in a directory that is synchronised, and of what is known of each: some ten million files */
#define MF_CLI_SYNC_BATCH_BYTES UINT64_C(67108864) /* bytes: files that go in one archive: what was taken stays when a later one fails */
#define MF_CLI_SYNC_BATCH_FILES 2000 /* files in one archive, likewise */
#define MF_CLI_STALL_S 120 /* s: a transfer in which nothing moved for so long is given up */
#define MF_CLI_SLACK_MS 30000 /* ms: waited for an answer beyond the run's wall time and its wait for a place */

/* -- config file */
#define MF_CONFIG_BYTES_MAX 1048576 /* bytes: mayfly.json */
#define MF_CONFIG_PATH_BYTES_MAX 4095 /* bytes: a path in mayfly.json, Linux's own limit */
#define MF_CONFIG_UNIX_PATH_BYTES_MAX 107 /* bytes: a unix socket's path, sun_path's own limit */
#define MF_CONFIG_NAME_BYTES_MAX 255 /* bytes: a host name or an origin */
#define MF_CONFIG_V8_FLAGS_BYTES_MAX 1024 /* bytes: executors.v8Flags; they become one argument of the executor */
#define MF_JAIL_ID_DEFAULT 65534 /* uid and gid: nobody; who an executor is outside its jail when the daemon is root */
#define MF_CONFIG_TIMEOUT_MS_MAX 3600000 /* ms: an hour; a connection that may idle longer is a leak */
/* clang-format on */

#endif
