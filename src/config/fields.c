/* fields.c - the table of mayfly.json. */
#include "fields.h"

#include <stddef.h>

#define AT(member) offsetof(struct mf_config, member)
#define ID_MAX 4294967294u /* uid_t and gid_t: the number after it means "none" to the kernel. */

#define FIELD_LIMIT_OF(json, member, least, normal, most, of)                                                \
    {                                                                                                        \
        .name = json, .kind = FIELD_LIMIT, .offset = AT(member), .min = least, .standard = normal,           \
        .max = most, .unit = of                                                                              \
    }
#define FIELD_U32_OF(json, member, least, normal, most, of)                                                  \
    {                                                                                                        \
        .name = json, .kind = FIELD_U32, .offset = AT(member), .min = least, .standard = normal,             \
        .max = most, .unit = of                                                                              \
    }
#define FIELD_U64_OF(json, member, least, normal, most, of)                                                  \
    {                                                                                                        \
        .name = json, .kind = FIELD_U64, .offset = AT(member), .min = least, .standard = normal,             \
        .max = most, .unit = of                                                                              \
    }
#define FIELD_BOOL_OF(json, member, normal)                                                                  \
    {                                                                                                        \
        .name = json, .kind = FIELD_BOOL, .offset = AT(member), .standard = normal, .max = 1,                \
        .unit = "true or false"                                                                              \
    }
#define FIELD_PATH_OF(json, member, normal)                                                                  \
    {                                                                                                        \
        .name = json, .kind = FIELD_PATH, .offset = AT(member), .unit = "path", .standard_text = normal      \
    }
#define FIELD_CUSTOM_OF(json, reads, of, normal)                                                             \
    {                                                                                                        \
        .name = json, .kind = FIELD_CUSTOM, .unit = of, .read = reads, .standard_text = normal               \
    }
#define FIELD_FIXED_PATH_OF(json, member, normal)                                                            \
    {                                                                                                        \
        .name = json, .kind = FIELD_PATH, .offset = AT(member), .unit = "path", .standard_text = normal,     \
        .is_fixed = true                                                                                     \
    }
#define FIELD_FIXED_CUSTOM_OF(json, reads, compares, of, normal)                                             \
    {                                                                                                        \
        .name = json, .kind = FIELD_CUSTOM, .unit = of, .read = reads, .differs = compares,                  \
        .is_fixed = true, .standard_text = normal                                                            \
    }
#define FIELD_FIXED_SECTION_OF(json, table)                                                                  \
    {                                                                                                        \
        .name = json, .kind = FIELD_SECTION, .fields = table, .is_fixed = true                               \
    }
#define FIELD_SECTION_OF(json, table)                                                                        \
    {                                                                                                        \
        .name = json, .kind = FIELD_SECTION, .fields = table                                                 \
    }
#define FIELDS_END                                                                                           \
    {                                                                                                        \
        .name = NULL                                                                                         \
    }

/* clang-format off */
static const struct config_field limits_fields[] = {
    FIELD_LIMIT_OF("cpuMs", cpu_ms, 1, MF_RUN_CPU_MS_DEFAULT, MF_RUN_CPU_MS_MAX, "ms"),
    FIELD_LIMIT_OF("wallMs", wall_ms, 1, MF_RUN_WALL_MS_DEFAULT, MF_RUN_WALL_MS_MAX, "ms"),
    /* Executors are started with it. */
    {.name = "memoryMb", .kind = FIELD_LIMIT, .offset = AT(memory_mb), .min = MF_RUN_MEMORY_MB_MIN,
     .standard = MF_RUN_MEMORY_MB_DEFAULT, .max = MF_RUN_MEMORY_MB_MAX, .unit = "MiB", .is_fixed = true},
    FIELD_LIMIT_OF("logBytes", log_bytes, 0, MF_RUN_LOG_BYTES_DEFAULT, MF_RUN_LOG_BYTES_MAX, "bytes"),
    FIELD_LIMIT_OF("responseBytes", response_bytes, 0, MF_RUN_RESPONSE_BYTES_DEFAULT, MF_RUN_RESPONSE_BYTES_MAX, "bytes"),
    FIELD_LIMIT_OF("subRequests", subrequests, 0, MF_RUN_SUBREQUESTS_DEFAULT, MF_RUN_SUBREQUESTS_MAX, "fetches"),
    FIELD_U64_OF("codeBytes", code_bytes_max, 1, MF_CODE_BYTES_MAX, MF_CODE_BYTES_MAX, "bytes"),
    FIELD_U64_OF("envBytes", env_bytes_max, 2, MF_ENV_BYTES_MAX, MF_ENV_BYTES_MAX, "bytes"),
    FIELD_U64_OF("bodyBytes", body_bytes_max, 1, MF_HTTP_BODY_BYTES_MAX, MF_HTTP_BODY_BYTES_MAX, "bytes"),
    FIELD_U64_OF("storeBytes", store_bytes_max, MF_STORE_BYTES_MIN, MF_STORE_BYTES_MAX, MF_STORE_BYTES_MAX, "bytes"),
    FIELD_U32_OF("concurrentRuns", runs_concurrent_max, 1, MF_RUNS_CONCURRENT_DEFAULT, MF_RUNS_CONCURRENT_MAX, "runs"),
    FIELD_U32_OF("queuedRuns", runs_queued_max, 0, MF_RUNS_QUEUED_DEFAULT, MF_RUNS_QUEUED_MAX, "runs"),
    FIELD_U32_OF("queueWaitMs", queue_wait_ms_max, 0, MF_QUEUE_WAIT_MS_MAX, MF_QUEUE_WAIT_MS_MAX, "ms"),
    FIELD_U32_OF("connections", connections_max, 1, MF_HTTP_CONNECTIONS_MAX, MF_HTTP_CONNECTIONS_MAX, "connections"),
    FIELDS_END,
};

static const struct config_field timeouts_fields[] = {
    FIELD_U32_OF("headerMs", header_timeout_ms, 1, MF_HTTP_HEADER_TIMEOUT_MS, MF_CONFIG_TIMEOUT_MS_MAX, "ms"),
    FIELD_U32_OF("bodyMs", body_timeout_ms, 1, MF_HTTP_BODY_TIMEOUT_MS, MF_CONFIG_TIMEOUT_MS_MAX, "ms"),
    FIELD_U32_OF("idleMs", idle_timeout_ms, 1, MF_HTTP_IDLE_TIMEOUT_MS, MF_CONFIG_TIMEOUT_MS_MAX, "ms"),
    FIELD_U32_OF("writeMs", write_timeout_ms, 1, MF_HTTP_WRITE_TIMEOUT_MS, MF_CONFIG_TIMEOUT_MS_MAX, "ms"),
    FIELDS_END,
};

static const struct config_field clock_fields[] = {
    FIELD_BOOL_OF("frozen", is_clock_frozen, 1),
    FIELDS_END,
};

static const struct config_field outbound_fields[] = {
    FIELD_CUSTOM_OF("default", mf__config_read_outbound, "name", "none"),
    FIELD_BOOL_OF("inline", is_outbound_inline, 1),
    FIELD_FIXED_PATH_OF("caFile", outbound_ca_path, "none"),
    FIELD_FIXED_CUSTOM_OF("dnsServers", mf__config_read_dns_servers, mf__config_dns_servers_differ, "list of addresses", "[]"),
    FIELD_U32_OF("requestsPerRun", outbound_run_requests_max, 1, MF_UPSTREAM_RUN_REQUESTS_DEFAULT, MF_RUN_FETCHES_OPEN_MAX, "requests"),
    FIELD_U32_OF("requests", outbound_requests_max, 1, MF_UPSTREAM_REQUESTS_DEFAULT, MF_UPSTREAM_REQUESTS_MAX, "requests"),
    FIELD_U64_OF("answerBytes", outbound_answer_bytes_max, 0, MF_UPSTREAM_ANSWER_BYTES_DEFAULT, MF_UPSTREAM_ANSWER_BYTES_MAX, "bytes"),
    FIELD_U64_OF("decodedBytes", outbound_decoded_bytes_max, 0, MF_UPSTREAM_DECODED_BYTES_DEFAULT, MF_UPSTREAM_ANSWER_BYTES_MAX, "bytes"),
    FIELD_U32_OF("resolveMs", outbound_resolve_ms, 1, MF_UPSTREAM_RESOLVE_MS, MF_CONFIG_TIMEOUT_MS_MAX, "ms"),
    FIELD_U32_OF("connectMs", outbound_connect_ms, 1, MF_UPSTREAM_CONNECT_MS, MF_CONFIG_TIMEOUT_MS_MAX, "ms"),
    FIELD_U32_OF("tlsMs", outbound_tls_ms, 1, MF_UPSTREAM_TLS_MS, MF_CONFIG_TIMEOUT_MS_MAX, "ms"),
    FIELD_U32_OF("firstByteMs", outbound_wait_ms, 1, MF_UPSTREAM_WAIT_MS, MF_CONFIG_TIMEOUT_MS_MAX, "ms"),
    FIELD_U32_OF("idleMs", outbound_idle_ms, 1, MF_UPSTREAM_IDLE_MS, MF_CONFIG_TIMEOUT_MS_MAX, "ms"),
    FIELD_U32_OF("totalMs", outbound_total_ms, 1, MF_UPSTREAM_TOTAL_MS, MF_CONFIG_TIMEOUT_MS_MAX, "ms"),
    FIELDS_END,
};

static const struct config_field executors_fields[] = {
    /* The default 0 stands for the number of CPUs, at most MF_EXECUTORS_DEFAULT_MAX. */
    FIELD_U32_OF("count", executors_count, 1, 0, MF_EXECUTORS_MAX, "processes"),
    FIELD_FIXED_CUSTOM_OF("isolation", mf__config_read_isolation, mf__config_isolation_differs, "name", "`tenant` with an admin token, else `isolate`"),
    FIELD_U32_OF("total", executors_total, 1, MF_EXECUTORS_TOTAL_DEFAULT, MF_EXECUTORS_MAX, "processes"),
    FIELD_U32_OF("threads", executor_threads_max, 1, MF_EXECUTOR_THREADS_DEFAULT, MF_EXECUTOR_THREADS_MAX, "threads"),
    FIELD_U32_OF("runs", executor_runs_max, 1, MF_EXECUTOR_RUNS_DEFAULT, MF_EXECUTOR_RUNS_MAX, "runs"),
    FIELD_U32_OF("standby", executor_standby_count, 0, MF_EXECUTOR_STANDBY_DEFAULT, MF_EXECUTOR_STANDBY_MAX, "isolates"),
    FIELD_U64_OF("recycleRuns", executor_recycle_runs, 1, MF_EXECUTOR_RECYCLE_RUNS_DEFAULT, MF_EXECUTOR_RECYCLE_RUNS_MAX, "runs"),
    {.name = "memoryMb", .kind = FIELD_MIB, .offset = AT(executor_memory_bytes_max), .min = MF_EXECUTOR_MEMORY_MB_MIN,
     .standard = MF_EXECUTOR_MEMORY_MB_DEFAULT, .max = MF_EXECUTOR_MEMORY_MB_MAX, .unit = "MiB"},
    FIELD_PATH_OF("path", executor_path, "beside mayflyd"),
    FIELD_FIXED_CUSTOM_OF("v8Flags", mf__config_read_v8_flags, mf__config_v8_flags_differ, "text", "none"),
    FIELD_BOOL_OF("jitless", is_jitless, 0),
    FIELDS_END,
};

static const struct config_field jail_fields[] = {
    FIELD_FIXED_CUSTOM_OF("layers", mf__config_read_jail_layers, mf__config_jail_layers_differ, "list of names", "\"all\""),
    FIELD_FIXED_CUSTOM_OF("required", mf__config_read_jail_required, mf__config_jail_required_differs, "list of names", "\"all\""),
    FIELD_U32_OF("uid", jail_uid, 1, MF_JAIL_ID_DEFAULT, ID_MAX, "number"),
    FIELD_U32_OF("gid", jail_gid, 1, MF_JAIL_ID_DEFAULT, ID_MAX, "number"),
    FIELDS_END,
};

static const struct config_field prices_fields[] = {
    FIELD_U64_OF("workerDayMicros", price_worker_day_micros, 0, MF_USAGE_WORKER_DAY_MICROS, MF_USAGE_PRICE_MICROS_MAX, "micros"),
    FIELD_U64_OF("millionRunsMicros", price_million_runs_micros, 0, MF_USAGE_MILLION_RUNS_MICROS, MF_USAGE_PRICE_MICROS_MAX, "micros"),
    FIELD_U64_OF("millionCpuMsMicros", price_million_cpu_ms_micros, 0, MF_USAGE_MILLION_CPU_MS_MICROS, MF_USAGE_PRICE_MICROS_MAX, "micros"),
    FIELD_U64_OF("gbMonthMicros", price_gb_month_micros, 0, MF_USAGE_GB_MONTH_MICROS, MF_USAGE_PRICE_MICROS_MAX, "micros"),
    FIELDS_END,
};

static const struct config_field usage_fields[] = {
    FIELD_FIXED_CUSTOM_OF("pushUrl", mf__config_read_usage_push_url, mf__config_usage_push_url_differs, "URL", "none"),
    FIELD_FIXED_PATH_OF("pushSecretFile", usage_push_secret_path, "a systemd credential, or none"),
    FIELD_U32_OF("pushIntervalMs", usage_push_interval_ms, MF_USAGE_PUSH_INTERVAL_MS_MIN, MF_USAGE_PUSH_INTERVAL_MS_DEFAULT, MF_USAGE_PUSH_INTERVAL_MS_MAX, "ms"),
    FIELDS_END,
};

static const struct config_field auth_fields[] = {
    FIELD_FIXED_PATH_OF("adminTokenFile", admin_token_path, "a systemd credential, or none"),
    FIELD_BOOL_OF("metricsOpen", is_metrics_open, 0),
    FIELD_BOOL_OF("pageOpen", is_page_open, 1),
    FIELDS_END,
};

static const struct config_field tenants_fields[] = {
    FIELD_LIMIT_OF("concurrentRuns", tenant_runs, 1, MF_TENANT_RUNS_DEFAULT, MF_RUNS_CONCURRENT_MAX, "runs"),
    FIELD_LIMIT_OF("queuedRuns", tenant_queued, 0, MF_TENANT_QUEUED_DEFAULT, MF_RUNS_QUEUED_MAX, "runs"),
    FIELD_LIMIT_OF("requestsPerMinute", tenant_requests, 1, MF_TENANT_REQUESTS_DEFAULT, MF_TENANT_REQUESTS_MAX, "requests"),
    FIELD_LIMIT_OF("cpuMsPerMinute", tenant_cpu_ms, 1, MF_TENANT_CPU_MS_DEFAULT, MF_TENANT_CPU_MS_MAX, "ms"),
    FIELD_LIMIT_OF("egressBytesPerHour", tenant_egress_bytes, 0, MF_TENANT_EGRESS_BYTES_DEFAULT, MF_TENANT_EGRESS_BYTES_MAX, "bytes"),
    FIELD_LIMIT_OF("workspaceBytes", tenant_workspace_bytes, 0, MF_TENANT_WORKSPACE_BYTES_DEFAULT, MF_TENANT_STORE_BYTES_MAX, "bytes"),
    FIELD_LIMIT_OF("workerBytes", tenant_worker_bytes, 0, MF_TENANT_WORKER_BYTES_DEFAULT, MF_TENANT_STORE_BYTES_MAX, "bytes"),
    FIELDS_END,
};

static const struct config_field runs_fields[] = {
    FIELD_U64_OF("count", trace_count_max, 0, MF_TRACE_COUNT_DEFAULT, MF_TRACE_COUNT_MAX, "runs"),
    {.name = "memoryMb", .kind = FIELD_MIB, .offset = AT(trace_bytes_max), .min = 1,
     .standard = MF_TRACE_MEMORY_MB_DEFAULT, .max = MF_TRACE_MEMORY_MB_MAX, .unit = "MiB"},
    FIELD_U64_OF("recordBytes", trace_record_bytes_max, MF_TRACE_RECORD_BYTES_MIN, MF_TRACE_RECORD_BYTES_DEFAULT, MF_TRACE_RECORD_BYTES_MAX, "bytes"),
    FIELD_U32_OF("ageS", trace_age_s, 1, MF_TRACE_AGE_S_DEFAULT, MF_TRACE_AGE_S_MAX, "s"),
    FIELDS_END,
};

static const struct config_field tracing_fields[] = {
    FIELD_FIXED_CUSTOM_OF("otlpUrl", mf__config_read_otlp_url, mf__config_otlp_url_differs, "URL", "none"),
    FIELD_FIXED_PATH_OF("otlpHeadersFile", otlp_headers_path, "none"),
    FIELD_BOOL_OF("otlpLogs", is_otlp_logged, 0),
    FIELD_BOOL_OF("propagate", is_trace_propagated, 1),
    FIELDS_END,
};

static const struct config_field vault_fields[] = {
    FIELD_PATH_OF("keyFile", vault_key_path, "a systemd credential, or `vault.key` in `stateDir`"),
    FIELD_FIXED_CUSTOM_OF("previousKeyFiles", mf__config_read_key_files, mf__config_key_files_differ, "list of paths", "[]"),
    FIELDS_END,
};

const struct config_field mf__config_root_fields[] = {
    FIELD_FIXED_CUSTOM_OF("listen", mf__config_read_listen, mf__config_listens_differ, "list", "[\"127.0.0.1:8787\"]"),
    FIELD_CUSTOM_OF("hosts", mf__config_read_hosts, "list of names", "[]"),
    FIELD_CUSTOM_OF("origins", mf__config_read_origins, "list of origins", "[]"),
    FIELD_FIXED_PATH_OF("stateDir", state_dir, "`~/.local/state/mayfly`"),
    FIELD_CUSTOM_OF("logLevel", mf__config_read_log_level, "name", "\"info\""),
    FIELD_BOOL_OF("accessLog", is_access_logged, 0),
    FIELD_SECTION_OF("limits", limits_fields),
    FIELD_SECTION_OF("timeouts", timeouts_fields),
    FIELD_SECTION_OF("clock", clock_fields),
    FIELD_SECTION_OF("outbound", outbound_fields),
    FIELD_FIXED_SECTION_OF("executors", executors_fields),
    FIELD_FIXED_SECTION_OF("jail", jail_fields),
    FIELD_FIXED_SECTION_OF("vault", vault_fields),
    FIELD_SECTION_OF("prices", prices_fields),
    FIELD_SECTION_OF("usage", usage_fields),
    FIELD_SECTION_OF("auth", auth_fields),
    FIELD_SECTION_OF("tenants", tenants_fields),
    FIELD_SECTION_OF("runs", runs_fields),
    FIELD_SECTION_OF("tracing", tracing_fields),
    FIELDS_END,
};
/* clang-format on */
