/* options.h - the command line of mayfly(1), read into one struct. Everything in it borrows from argv and the environment. */
#ifndef MAYFLY_CLI_OPTIONS_H
#define MAYFLY_CLI_OPTIONS_H

#include <mayfly/base.h>

enum mf_cli_command {
    MF_CLI_HELP,
    MF_CLI_VERSION,
    MF_CLI_HEALTH,
    MF_CLI_RUN,
    MF_CLI_SECRET_PUT,
    MF_CLI_SECRET_LIST,
    MF_CLI_SECRET_DELETE,
    MF_CLI_OUTBOUND_PUT,
    MF_CLI_OUTBOUND_GET,
    MF_CLI_OUTBOUND_LIST,
    MF_CLI_OUTBOUND_DELETE,
    MF_CLI_OUTBOUND_EXPLAIN,
    MF_CLI_TOKEN_CREATE,
    MF_CLI_TOKEN_LIST,
    MF_CLI_TOKEN_ROTATE,
    MF_CLI_TOKEN_REVOKE,
    MF_CLI_TENANT_PUT,
    MF_CLI_TENANT_GET,
    MF_CLI_TENANT_LIST,
    MF_CLI_TENANT_DELETE,
    MF_CLI_RUNS_LIST,
    MF_CLI_RUNS_GET,
    MF_CLI_TAIL,
};

struct mf_cli_options {
    enum mf_cli_command command;
    const char *url;        /* http://..., https://... or unix:PATH. */
    const char *ca_path;    /* NULL: the system's certificates. */
    const char *token_file; /* NULL: $MAYFLY_TOKEN. */
    const char *tenant;     /* For whom an admin acts; NULL: nobody else. */
    const char *file;       /* "-": standard input. */
    const char *name;  /* Of a secret, an outbound, a token or a tenant; the id of a token that there is. */
    const char *kind;  /* Of a secret; NULL: the file holds all of it, as JSON. */
    const char **sets; /* "field=value", each holds a '='. */
    const char **hosts;
    size_t sets_count;
    size_t hosts_count;
    bool is_http_allowed;
    const char **scopes; /* Of a token. */
    const char **quotas; /* Of a tenant: "name=number", each holds a '='. */
    size_t scopes_count;
    size_t quotas_count;
    uint64_t expires_s; /* 0: it does not. */
    uint64_t overlap_s;
    bool has_overlap;
    const char *worker;   /* Of which worker runs are wanted; NULL: any. */
    const char *outcome;  /* Likewise, as */
    const char *search;   /* text in what they say, */
    const char *since;    /* and from when on. */
    uint64_t limit;       /* 0: the daemon's own. */
    const char *method;   /* NULL: GET, or POST when there is data. */
    const char *target;   /* The URL that the worker sees; NULL: the daemon's default. */
    const char *data;     /* Text, or "@file"; NULL: no body. */
    const char **env;     /* "K=V", each holds a '='. */
    const char **headers; /* "Name: value", each holds a ':'. */
    size_t env_count;
    size_t headers_count;
    bool is_json;
    uint64_t cpu_ms; /* 0: not given, for all three. */
    uint64_t wall_ms;
    uint64_t memory_mb;
};

#define MF_CLI_WHY_BYTES_MAX 512

/* MF_E_INVALID with a sentence in |ret_why| (MF_CLI_WHY_BYTES_MAX). |default_url| may be NULL. */
MF_MUST_CHECK int mf_cli_options_read(int argc,
                                      char **argv,
                                      const char *default_url,
                                      struct mf_cli_options *ret_options,
                                      char *ret_why);
void mf_cli_options_done(struct mf_cli_options *options);
const char *mf_cli_usage(void);

/* Says what is wrong in |why| (MF_CLI_WHY_BYTES_MAX); MF_E_INVALID. */
int mf_cli_refuse(char *why, const char *format, ...) MF_PRINTF(2, 3);

#endif
