/* mayfly/config.h - mayfly.json and the command line, checked into one struct that nobody changes afterwards.
 *
 * Use:      mf_config_load at start and on SIGHUP; the new one takes the old one's place or is refused whole.
 * Threads:  [any] to read; it is immutable after load. [loop] mf_config_ref, mf_config_unref.
 * Owns:     the loader has the first reference; the last mf_config_unref frees it and every string in it. Work on another
 *           thread, which a reload may overtake, holds a reference of its own.
 * Limits:   MF_CONFIG_BYTES_MAX; each number has its default and maximum in limits.h.
 * Fails:    MF_E_CONFIG with a sentence that names the field as a JSON pointer: "/limits/cpuMs: ...".
 * Not here: secrets (vault).
 */
#ifndef MAYFLY_CONFIG_H
#define MAYFLY_CONFIG_H

#include <sys/types.h>

#include <mayfly/base.h>
#include <mayfly/jail.h>

/* Default, applied when a request names none; maximum, past which a request is refused. */
struct mf_limit {
    uint64_t standard;
    uint64_t max;
};

struct mf_config_listen {
    char *host; /* NULL for a unix socket. */
    uint16_t port;
    bool is_wide;    /* Other machines can reach it: there are tokens. */
    char *unix_path; /* NULL for TCP. */
    uint32_t unix_mode;
    char *tls_cert_path; /* NULL for plain. */
    char *tls_key_path;
};

/* Who shares an executor. */
enum mf_isolation {
    MF_ISOLATION_ISOLATE, /* Everybody; the isolate keeps runs apart. */
    MF_ISOLATION_TENANT,  /* The runs of one tenant. */
};

#define MF_CONFIG_LISTENS_MAX 16
#define MF_CONFIG_HOSTS_MAX 64
#define MF_CONFIG_VAULT_KEYS_MAX 16

struct mf_config {
    uint32_t refs; /* Besides the first one. */
    struct mf_config_listen listens[MF_CONFIG_LISTENS_MAX];
    size_t listens_count;
    char *hosts[MF_CONFIG_HOSTS_MAX]; /* Names that Host may have besides loopback's. */
    size_t hosts_count;
    char *origins[MF_CONFIG_HOSTS_MAX]; /* Origins whose pages may call. */
    size_t origins_count;
    char *state_dir;      /* NULL only when nothing says where: no --state-dir, no home. */
    char *vault_key_path; /* NULL: a systemd credential, or a file in state_dir. */
    char *vault_previous_key_paths[MF_CONFIG_VAULT_KEYS_MAX];
    size_t vault_previous_keys_count;
    enum mf_log_level log_level;

    char *
        admin_token_path; /* NULL: nobody is asked for a token. A systemd credential when the file names none. */
    bool is_metrics_open; /* /metrics asks for none either way. */
    bool is_page_open;    /* Likewise the page, and the document of the API. */
    struct mf_limit
        tenant_runs; /* Each the quota of a tenant that has no other, and the most that one may have. */
    struct mf_limit tenant_queued;
    struct mf_limit tenant_requests;     /* A minute. */
    struct mf_limit tenant_cpu_ms;       /* A minute. */
    struct mf_limit tenant_egress_bytes; /* An hour. */
    struct mf_limit tenant_workspace_bytes;
    struct mf_limit tenant_worker_bytes;

    struct mf_limit cpu_ms;
    struct mf_limit wall_ms;
    struct mf_limit memory_mb;
    struct mf_limit log_bytes;
    struct mf_limit response_bytes;
    struct mf_limit subrequests;
    uint64_t code_bytes_max;
    uint64_t env_bytes_max;
    uint64_t body_bytes_max;
    uint64_t store_bytes_max;
    uint32_t runs_concurrent_max;
    uint32_t runs_queued_max;
    uint32_t queue_wait_ms_max;
    uint32_t connections_max;
    uint32_t header_timeout_ms;
    uint32_t body_timeout_ms;
    uint32_t idle_timeout_ms;
    uint32_t write_timeout_ms;
    bool is_clock_frozen;

    uint64_t trace_count_max; /* Records of runs that are over: how many, */
    uint64_t trace_bytes_max; /* all together, */
    uint64_t trace_record_bytes_max;
    uint32_t trace_age_s; /* and how long. */

    bool is_access_logged;    /* A line of the log for each request. */
    char *otlp_url;           /* Where traces are sent; NULL: nowhere. */
    char *otlp_headers_path;  /* Headers of those requests: credentials; NULL: none. */
    bool is_otlp_logged;      /* What runs log is sent, too. */
    bool is_trace_propagated; /* fetch() tells upstreams of the trace. */

    uint64_t price_worker_day_micros;     /* Millionths of a unit of money: for a unique worker and day, */
    uint64_t price_million_runs_micros;   /* for a million runs, */
    uint64_t price_million_cpu_ms_micros; /* for a million milliseconds of CPU, */
    uint64_t price_gb_month_micros;       /* for 10^9 bytes stored for 30 days. */

    char *usage_push_url;         /* Whom changes of usage are told to; NULL: nobody. */
    char *usage_push_secret_path; /* The keys that sign it; there is one when there is a URL. */
    uint32_t usage_push_interval_ms;

    char *outbound_default;  /* Of runs that name none; NULL: they are blocked. */
    bool is_outbound_inline; /* Runs may bring a policy of their own. */
    char *outbound_ca_path;  /* NULL: only the system's authorities. */
    char *outbound_dns_servers[MF_UPSTREAM_DNS_SERVERS_MAX];
    size_t outbound_dns_servers_count;  /* 0: those of the system. */
    uint32_t outbound_run_requests_max; /* At once, of one run, */
    uint32_t outbound_requests_max;     /* and of all. */
    uint64_t outbound_answer_bytes_max;
    uint64_t outbound_decoded_bytes_max;
    uint32_t outbound_resolve_ms;
    uint32_t outbound_connect_ms;
    uint32_t outbound_tls_ms;
    uint32_t outbound_wait_ms;
    uint32_t outbound_idle_ms;
    uint32_t outbound_total_ms;

    uint32_t executors_count; /* Processes; of each tenant when they are kept apart, */
    uint32_t executors_total; /* and of all tenants then. */
    enum mf_isolation isolation;
    uint32_t executor_threads_max; /* V8 threads in each. */
    uint32_t executor_runs_max;    /* Runs in each, parked ones included. */
    uint32_t executor_standby_count;
    uint64_t executor_recycle_runs;     /* After that many runs a fresh process takes its place. */
    uint64_t executor_memory_bytes_max; /* All of V8 in one executor. */
    char *executor_path;                /* NULL: beside mayflyd. */
    char *v8_flags;                     /* NULL: none. */
    bool is_jitless;

    uint32_t jail_layers; /* Masks of enum mf_jail_layer. */
    uint32_t jail_layers_required;
    uid_t jail_uid; /* Who executors are outside when the daemon is root. */
    gid_t jail_gid;
};

/* What the command line says; it wins over the file. */
struct mf_config_args {
    const char *config_path; /* NULL: no file. */
    const char *listen;      /* "127.0.0.1:8787", "[::1]:0", "unix:/run/mayfly.sock", or NULL. */
    const char *state_dir;   /* Or NULL. */
};

#define MF_CONFIG_WHY_BYTES_MAX 1024

/* Also refuses a listener that is neither loopback nor a unix socket when nobody is asked for a token. */
MF_MUST_CHECK int
mf_config_load(const struct mf_config_args *args, MF_OWN struct mf_config **ret_config, char *ret_why);
struct mf_config *mf_config_ref(struct mf_config *config);
void mf_config_unref(MF_OWN struct mf_config *config); /* NULL is fine. */
/* The fields that are read at the start only and in which the two are not the same, as JSON pointers with ", " between:
 * their number. |ret_pointers| has MF_CONFIG_WHY_BYTES_MAX. */
unsigned
mf_config_compare_fixed(const struct mf_config *running, const struct mf_config *next, char *ret_pointers);
/* The same addresses in the same order, TLS or not; files of certificates may be others. */
bool mf_config_same_listens(const struct mf_config *one, const struct mf_config *other);
/* CPUs that this process may use, at least 1. */
long mf_config_cpus(void);

#endif
