/* mayflyd: reads its config, opens its listeners and its executors, and serves until a signal. */
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <mayfly/api.h>
#include <mayfly/base.h>
#include <mayfly/config.h>
#include <mayfly/net.h>
#include <mayfly/trace_otlp.h>

#include "service.h"

static const char usage[] =
    "mayflyd " MF_VERSION ": runs TypeScript and JavaScript in V8 isolates, one for each request.\n"
    "\n"
    "usage: mayflyd [--listen ADDRESS] [--state-dir DIR] [--config FILE] [--check]\n"
    "\n"
    "  --listen ADDRESS   127.0.0.1:8787 (the default), [::1]:0, or unix:/run/mayfly.sock\n"
    "  --state-dir DIR    where the daemon keeps what it must remember: ~/.local/state/mayfly unless it is "
    "said\n"
    "  --config FILE      mayfly.json; docs/config.md describes it\n"
    "  --check            check the config, say what is wrong with it, and exit\n"
    "  --version          print the version and exit\n";

/* 0: go on. 1: print and leave with 0. Below: leave with 2. */
static int read_args(int argc, char **argv, struct mf_config_args *ret_args, bool *ret_check)
{
    static const struct option options[] = {{"listen", required_argument, NULL, 'l'},
                                            {"state-dir", required_argument, NULL, 's'},
                                            {"config", required_argument, NULL, 'c'},
                                            {"check", no_argument, NULL, 'k'},
                                            {"version", no_argument, NULL, 'v'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 'l':
            ret_args->listen = optarg;
            break;
        case 's':
            ret_args->state_dir = optarg;
            break;
        case 'c':
            ret_args->config_path = optarg;
            break;
        case 'k':
            *ret_check = true;
            break;
        case 'v':
            (void)puts("mayflyd " MF_VERSION);
            return 1;
        case 'h':
            (void)fputs(usage, stdout);
            return 1;
        default:
            return MF_E_CONFIG;
        }
    }
    if (optind < argc) {
        (void)fprintf(stderr, "mayflyd: unexpected argument: %s\n", argv[optind]);
        return MF_E_CONFIG;
    }
    return 0;
}

/* What the config names and the start would read. */
static int check_files(const struct mf_config *config)
{
    const struct mf_otlp_options otlp = {.url = config->otlp_url, .headers_path = config->otlp_headers_path};
    char why[MF_LOG_LINE_BYTES_MAX];

    if (otlp.url != NULL && mf_otlp_check(&otlp, why) < 0) {
        (void)fprintf(stderr, "mayflyd: %s\n", why);
        return MF_E_CONFIG;
    }
    if (mf_api_check(config, why) < 0) {
        (void)fprintf(stderr, "mayflyd: %s\n", why);
        return MF_E_CONFIG;
    }
    for (size_t i = 0; i < config->listens_count; i++) {
        const struct mf_server_tls files = {.cert_path = config->listens[i].tls_cert_path,
                                            .key_path = config->listens[i].tls_key_path};
        if (files.cert_path != NULL && mf_server_check_tls(&files, why) < 0) {
            (void)fprintf(stderr, "mayflyd: /listen/%zu/tls: %s\n", i, why);
            return MF_E_CONFIG;
        }
    }
    return 0;
}

/* Whoever started us may have closed some of the first three: what is opened next must not take their place. */
static void fill_standard_descriptors(void)
{
    int fd = open("/dev/null", O_RDWR);

    while (fd >= 0 && fd <= STDERR_FILENO) {
        fd = open("/dev/null", O_RDWR);
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

int main(int argc, char **argv)
{
    struct mf_config_args args = {NULL, NULL, NULL};
    struct mf_config *config = NULL;
    char why[MF_CONFIG_WHY_BYTES_MAX];
    bool is_check = false;
    fill_standard_descriptors();
    int rc = read_args(argc, argv, &args, &is_check);

    if (rc != 0) {
        return rc > 0 ? 0 : 2;
    }
    mf_log_init("mayflyd", MF_LOG_INFO);
    rc = mf_config_load(&args, &config, why);
    if (rc < 0) {
        if (is_check) {
            (void)fprintf(stderr, "mayflyd: %s\n", why);
            return 1;
        }
        mf_log(MF_LOG_ERROR, rc, NULL, "%s", why);
        return 2;
    }
    if (is_check) {
        rc = check_files(config);
        mf_config_unref(config);
        return rc < 0 ? 1 : 0;
    }
    mf_log_init("mayflyd", config->log_level);
    rc = mf_service_run(&args, config);
    return rc < 0 ? 1 : 0;
}
