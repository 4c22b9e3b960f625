/* hosts.c - where a secret may go: patterns of hosts.
 *
 *   api.example.com         this name, on the scheme's own port (443; 80 where allowHttp lets http through)
 *   *.example.com           every name below example.com, at any depth; not example.com itself
 *   api.example.com:8443    this port instead;  :* every port
 *   192.0.2.7  [2001:db8::7]    an address, in its canonical form
 *
 * A name is compared as the request spells it after URL parsing: lower case, punycode. A name that some resolver would read
 * as a number (127.1, 0x7f.1) is not a name. */
#include <arpa/inet.h>

#include "internal.h"

static bool is_label_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || mf_is_digit(c) || c == '-' || c == '_';
}

/* Splits "host:port"; |ret_port| is empty when there is none. */
static void split_port(struct mf_slice pattern, struct mf_slice *ret_host, struct mf_slice *ret_port)
{
    size_t at = pattern.size;

    while (at > 0 && pattern.data[at - 1] != ':' && pattern.data[at - 1] != ']') {
        at--;
    }
    if (at == 0 || pattern.data[at - 1] == ']') {
        *ret_host = pattern;
        *ret_port = mf_slice_of(NULL, 0);
    } else {
        *ret_host = mf_slice_of(pattern.data, at - 1);
        *ret_port = mf_slice_of(pattern.data + at, pattern.size - at);
    }
}

static bool is_canonical_address(struct mf_slice host, int family)
{
    char text[INET6_ADDRSTRLEN + 1];
    char again[INET6_ADDRSTRLEN + 1];
    uint8_t address[16];

    if (host.size >= sizeof text) {
        return false;
    }
    memcpy(text, host.data, host.size);
    text[host.size] = '\0';
    return inet_pton(family, text, address) == 1 && inet_ntop(family, address, again, sizeof again) != NULL &&
           strcmp(text, again) == 0;
}

/* Labels of a name; how many, or 0 when it is none. */
static size_t count_labels(struct mf_slice name)
{
    size_t labels = 0;
    size_t begin = 0;

    for (size_t at = 0; at <= name.size; at++) {
        if (at < name.size && name.data[at] != '.') {
            if (!is_label_char(name.data[at])) {
                return 0;
            }
            continue;
        }
        if (at == begin || at - begin > 63) {
            return 0;
        }
        labels++;
        begin = at + 1;
    }
    return labels;
}

/* The last label decides whether a URL parser reads a number (https://url.spec.whatwg.org/#ends-in-a-number-checker). */
static bool ends_in_number(struct mf_slice name)
{
    size_t begin = name.size;

    while (begin > 0 && name.data[begin - 1] != '.') {
        begin--;
    }
    if (name.size - begin >= 2 && name.data[begin] == '0' && name.data[begin + 1] == 'x') {
        return true;
    }
    for (size_t at = begin; at < name.size; at++) {
        if (!mf_is_digit(name.data[at])) {
            return false;
        }
    }
    return true;
}

static const char *check_name(struct mf_slice host)
{
    bool is_wild = mf_slice_starts_with(host, "*.");
    struct mf_slice name = is_wild ? mf_slice_of(host.data + 2, host.size - 2) : host;
    size_t labels = count_labels(name);

    if (labels == 0 || name.size > 253) {
        return "must be a host name in lower case (punycode for others than ASCII), *.NAME, an IPv4 address "
               "or an "
               "IPv6 address in brackets, with :PORT or :* where it is not the scheme's own port";
    }
    if (ends_in_number(name)) {
        return is_wild || !is_canonical_address(name, AF_INET)
                   ? "must not end in a number, unless it is an IPv4 address of four decimal numbers"
                   : NULL;
    }
    if (is_wild && labels < 2) {
        return "must have at least two labels behind the *";
    }
    return NULL;
}

static bool is_port(struct mf_slice port)
{
    uint64_t number;

    return mf_slice_equal_cstr(port, "*") ||
           (mf_slice_parse_u64(port, 65535, &number) == 0 && number > 0 && port.data[0] != '0');
}

const char *mf__host_check(struct mf_slice pattern)
{
    struct mf_slice host;
    struct mf_slice port;

    if (pattern.size == 0 || pattern.size > MF_SECRET_HOST_BYTES_MAX) {
        return "must have 1 to 260 bytes";
    }
    split_port(pattern, &host, &port);
    if ((port.data != NULL && !is_port(port)) || host.size == 0) {
        return "must have a port from 1 to 65535, or *, behind its colon";
    }
    if (host.data[0] == '[') {
        return host.size > 2 && host.data[host.size - 1] == ']' &&
                       is_canonical_address(mf_slice_of(host.data + 1, host.size - 2), AF_INET6)
                   ? NULL
                   : "must be an IPv6 address in its shortest form between the brackets";
    }
    return check_name(host);
}

static bool port_matches(struct mf_slice port, const struct mf_secret_target *target)
{
    uint64_t number;

    if (port.data == NULL) {
        return target->port == (mf_slice_equal_cstr(target->scheme, "https") ? 443 : 80);
    }
    return mf_slice_equal_cstr(port, "*") ||
           (mf_slice_parse_u64(port, 65535, &number) == 0 && number == target->port);
}

bool mf__host_matches(struct mf_slice pattern, const struct mf_secret_target *target)
{
    struct mf_slice host;
    struct mf_slice port;

    split_port(pattern, &host, &port);
    if (!port_matches(port, target)) {
        return false;
    }
    if (mf_slice_starts_with(host, "*.")) {
        /* ".example.com" at the end, and something before it. */
        struct mf_slice tail = mf_slice_of(host.data + 1, host.size - 1);
        return target->host.size > tail.size &&
               memcmp(target->host.data + target->host.size - tail.size, tail.data, tail.size) == 0;
    }
    return mf_slice_equal(host, target->host);
}

bool mf__header_name_is_ours(struct mf_slice name)
{
    static const char *const ours[] = {"host",
                                       "content-length",
                                       "transfer-encoding",
                                       "connection",
                                       "te",
                                       "keep-alive",
                                       "accept-encoding",
                                       "trailer",
                                       "upgrade",
                                       "expect",
                                       "content-encoding",
                                       "content-type",
                                       "date",
                                       "via"};

    for (size_t i = 0; i < MF_COUNT_OF(ours); i++) {
        if (mf_slice_equal_nocase(name, ours[i])) {
            return true;
        }
    }
    return name.size >= 6 && mf_slice_equal_nocase(mf_slice_of(name.data, 6), "proxy-");
}
