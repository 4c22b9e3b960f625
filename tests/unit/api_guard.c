/* Who may speak to a daemon without tokens. */
#include <mayfly/api.h>

#include "check.h"
#include "internal.h"

static struct mf_config config_made;
static struct mf_slice host_sent;
static struct mf_slice origin_sent;

/* Stands in for net's: the guard asks for these two only. */
struct mf_slice mf_request_header(const struct mf_request *request, const char *name)
{
    (void)request;
    MF_CHECK(strcmp(name, "host") == 0 || strcmp(name, "origin") == 0);
    return strcmp(name, "host") == 0 ? host_sent : origin_sent;
}

#include "guard.c"

static int ask(const char *host_text, const char *origin_text, bool is_tls)
{
    struct mf_request request;

    memset(&request, 0, sizeof request);
    request.is_tls = is_tls;
    host_sent = mf_slice_of_cstr(host_text);
    origin_sent = origin_text == NULL ? mf_slice_of(NULL, 0) : mf_slice_of_cstr(origin_text);
    return mf__guard_check(&config_made, &request, false);
}

static void hosts(void)
{
    static const char *const ours[] = {"localhost",      "LOCALHOST:1",       "127.0.0.1",
                                       "127.0.0.1:8787", "127.255.0.3:65535", "[::1]",
                                       "[::1]:8787",     "box.example",       "Box.Example:80"};
    static const char *const others[] = {"",
                                         "evil.example",
                                         "127.0.0.1.evil.example",
                                         "localhost.",
                                         "128.0.0.1",
                                         "127.0.0.1:",
                                         "127.0.0.1:65536",
                                         "127.0.0.1:80:80",
                                         "127.0.0",
                                         "127.0.0.1.",
                                         "127.0.0.256",
                                         "127..0.1",
                                         "0177.0.0.1",
                                         "[::1",
                                         "[::1]x",
                                         "[::]",
                                         ":80",
                                         "box.example.evil"};
    for (size_t i = 0; i < MF_COUNT_OF(ours); i++) {
        MF_CHECK_INT(ask(ours[i], NULL, false), 0);
    }
    for (size_t i = 0; i < MF_COUNT_OF(others); i++) {
        if (ask(others[i], NULL, false) != MF_E_API_HOST) {
            fprintf(stderr, "took %s\n", others[i]);
            exit(1);
        }
    }
}

static void origins(void)
{
    MF_CHECK_INT(ask("localhost:8787", "http://localhost:8787", false), 0);
    MF_CHECK_INT(ask("localhost:8787", "https://localhost:8787", true), 0);
    MF_CHECK_INT(ask("localhost:8787", "https://app.example", false), 0);
    MF_CHECK_INT(ask("localhost:8787", "https://localhost:8787", false), MF_E_API_ORIGIN);
    MF_CHECK_INT(ask("localhost:8787", "http://localhost:8788", false), MF_E_API_ORIGIN);
    MF_CHECK_INT(ask("localhost:8787", "http://localhost", false), MF_E_API_ORIGIN);
    MF_CHECK_INT(ask("localhost:8787", "null", false), MF_E_API_ORIGIN);
    MF_CHECK_INT(ask("localhost:8787", "http://evil.example", false), MF_E_API_ORIGIN);
}

static void unix_sockets_need_no_host(void)
{
    struct mf_request request;

    memset(&request, 0, sizeof request);
    request.is_unix = true;
    host_sent = mf_slice_of_cstr("anything");
    origin_sent = mf_slice_of(NULL, 0);
    MF_CHECK_INT(mf__guard_check(&config_made, &request, false), 0);
}

static void with_tokens_any_host_will_do_and_no_other_origin(void)
{
    struct mf_request request;

    memset(&request, 0, sizeof request);
    host_sent = mf_slice_of_cstr("anything");
    origin_sent = mf_slice_of(NULL, 0);
    MF_CHECK_INT(mf__guard_check(&config_made, &request, false), MF_E_API_HOST);
    MF_CHECK_INT(mf__guard_check(&config_made, &request, true), 0);
    origin_sent = mf_slice_of_cstr("http://evil.example");
    MF_CHECK_INT(mf__guard_check(&config_made, &request, true), MF_E_API_ORIGIN);
}

int main(void)
{
    static char box[] = "box.example";
    static char app[] = "https://app.example";

    config_made.hosts[0] = box;
    config_made.hosts_count = 1;
    config_made.origins[0] = app;
    config_made.origins_count = 1;
    MF_RUN(hosts);
    MF_RUN(origins);
    MF_RUN(unix_sockets_need_no_host);
    MF_RUN(with_tokens_any_host_will_do_and_no_other_origin);
    return 0;
}
