/* guard.c - before anything else: only callers that mean this host. A page of another site can
 * make a browser connect to loopback, under its own Origin or, with DNS rebinding, under a Host of its own. */
#include "internal.h"

/* "name:port" or "[v6]:port" to the name; false when it is malformed. */
static bool split_host(struct mf_slice host, struct mf_slice *ret_name)
{
    size_t name_size = host.size;
    uint64_t port;

    if (host.size > 0 && host.data[0] == '[') {
        const uint8_t *end = memchr(host.data, ']', host.size);
        if (end == NULL) {
            return false;
        }
        name_size = (size_t)(end - host.data) + 1;
    } else {
        const uint8_t *colon = memchr(host.data, ':', host.size);
        if (colon != NULL) {
            name_size = (size_t)(colon - host.data);
        }
    }
    if (name_size < host.size) {
        struct mf_slice rest = mf_slice_of(host.data + name_size + 1, host.size - name_size - 1);
        if (host.data[name_size] != ':' || mf_slice_parse_u64(rest, 65535, &port) < 0) {
            return false;
        }
    }
    *ret_name = mf_slice_of(host.data, name_size);
    return name_size > 0;
}

/* 127.0.0.0/8 written as four decimal numbers. */
static bool is_loopback_v4(struct mf_slice name)
{
    size_t at = 0;

    for (int part = 0; part < 4; part++) {
        size_t begin = at;
        uint64_t number;
        while (at < name.size && name.data[at] != '.') {
            at++;
        }
        if (mf_slice_parse_u64(mf_slice_of(name.data + begin, at - begin), 255, &number) < 0 ||
            (part == 0 && number != 127) || (part < 3 && at == name.size)) {
            return false;
        }
        at++;
    }
    return at == name.size + 1;
}

static bool host_is_ours(const struct mf_config *config, struct mf_slice host)
{
    struct mf_slice name;

    if (!split_host(host, &name)) {
        return false;
    }
    if (mf_slice_equal_nocase(name, "localhost") || mf_slice_equal_cstr(name, "[::1]") ||
        is_loopback_v4(name)) {
        return true;
    }
    for (size_t i = 0; i < config->hosts_count; i++) {
        if (mf_slice_equal_nocase(name, config->hosts[i])) {
            return true;
        }
    }
    return false;
}

static bool
origin_is_ours(const struct mf_config *config, const struct mf_request *request, struct mf_slice origin)
{
    const char *scheme = request->is_tls ? "https://" : "http://";
    struct mf_slice host = mf_request_header(request, "host");

    for (size_t i = 0; i < config->origins_count; i++) {
        if (mf_slice_equal_nocase(origin, config->origins[i])) {
            return true;
        }
    }
    /* The daemon's own page: same scheme, and the very host that was just checked. */
    return mf_slice_starts_with(origin, scheme) && origin.size == strlen(scheme) + host.size &&
           mf_slice_equal(mf_slice_of(origin.data + strlen(scheme), host.size), host);
}

int mf__guard_check(const struct mf_config *config, const struct mf_request *request, bool asks_token)
{
    struct mf_slice host = mf_request_header(request, "host");
    struct mf_slice origin = mf_request_header(request, "origin");

    /* No browser speaks to a unix socket, and curl sends whatever the URL said. A page under a name of its own has no token. */
    if (!asks_token && !request->is_unix && !host_is_ours(config, host)) {
        return MF_E_API_HOST;
    }
    if (origin.data != NULL && !origin_is_ours(config, request, origin)) {
        return MF_E_API_ORIGIN;
    }
    return 0;
}
