#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

/* An address as 16 bytes; IPv4 as ::ffff:a.b.c.d. */
struct block {
    const char *network; /* As inet_pton reads it. */
    uint8_t bits;        /* Of |network|, as it is written. */
    enum mf__address_class class;
    const char *source;
};

#define IANA "https://www.iana.org/assignments/iana-ipv4-special-registry, -ipv6-special-registry: "
#define AWS "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/"

/* clang-format off */
/* Exact metadata addresses come first: they stay closed within every range. */
static const struct block blocks[] = {
    {"169.254.169.254", 32, MF__ADDRESS_METADATA, AWS "instancedata-data-retrieval.html; Google, Azure, OpenStack, DigitalOcean, Oracle, Hetzner and more"},
    {"169.254.169.253", 32, MF__ADDRESS_METADATA, AWS "AmazonDNS: the resolver of the private network"},
    {"169.254.169.250", 32, MF__ADDRESS_METADATA, "https://ranchermanager.docs.rancher.com: rancher-metadata"},
    {"169.254.170.2", 32, MF__ADDRESS_METADATA, "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html"},
    {"169.254.170.23", 32, MF__ADDRESS_METADATA, "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html"},
    {"169.254.0.23", 32, MF__ADDRESS_METADATA, "https://www.tencentcloud.com/document/product/213/4934: metadata.tencentyun.com"},
    {"169.254.10.10", 32, MF__ADDRESS_METADATA, "https://www.tencentcloud.com/document/product/213/4934"},
    {"169.254.42.42", 32, MF__ADDRESS_METADATA, "https://www.scaleway.com/en/docs/instances/how-to/use-cloud-init"},
    {"100.100.100.200", 32, MF__ADDRESS_METADATA, "https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata"},
    {"168.63.129.16", 32, MF__ADDRESS_METADATA, "https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16"},
    {"192.0.0.192", 32, MF__ADDRESS_METADATA, "https://docs.oracle.com/en/cloud/iaas/compute-iaas-cloud: Oracle Cloud Classic"},
    {"fd00:ec2::254", 128, MF__ADDRESS_METADATA, AWS "instancedata-data-retrieval.html"},
    {"fd00:ec2::253", 128, MF__ADDRESS_METADATA, AWS "AmazonDNS"},
    {"fd00:ec2::23", 128, MF__ADDRESS_METADATA, "https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html"},
    {"fd20:ce::254", 128, MF__ADDRESS_METADATA, "https://cloud.google.com/compute/docs/metadata/querying-metadata"},
    {"fd00:42::42", 128, MF__ADDRESS_METADATA, "https://www.scaleway.com/en/docs/instances/how-to/use-cloud-init"},
    {"fe80::a9fe:a9fe", 128, MF__ADDRESS_METADATA, "https://docs.openstack.org/nova/latest/user/metadata.html"},

    {"0.0.0.0", 8, MF__ADDRESS_UNSPECIFIED, IANA "RFC 791 section 3.2"},
    {"10.0.0.0", 8, MF__ADDRESS_PRIVATE, IANA "RFC 1918"},
    {"100.64.0.0", 10, MF__ADDRESS_SHARED, IANA "RFC 6598"},
    {"127.0.0.0", 8, MF__ADDRESS_LOOPBACK, IANA "RFC 1122 section 3.2.1.3"},
    {"169.254.0.0", 16, MF__ADDRESS_LINK_LOCAL, IANA "RFC 3927"},
    {"172.16.0.0", 12, MF__ADDRESS_PRIVATE, IANA "RFC 1918"},
    {"192.0.0.0", 24, MF__ADDRESS_RESERVED, IANA "RFC 6890 section 2.1, with the DS-Lite and NAT64 discovery addresses"},
    {"192.0.2.0", 24, MF__ADDRESS_DOCUMENTATION, IANA "RFC 5737"},
    {"192.88.99.0", 24, MF__ADDRESS_TRANSLATED, IANA "RFC 7526, the 6to4 relays"},
    {"192.168.0.0", 16, MF__ADDRESS_PRIVATE, IANA "RFC 1918"},
    {"198.18.0.0", 15, MF__ADDRESS_BENCHMARK, IANA "RFC 2544"},
    {"198.51.100.0", 24, MF__ADDRESS_DOCUMENTATION, IANA "RFC 5737"},
    {"203.0.113.0", 24, MF__ADDRESS_DOCUMENTATION, IANA "RFC 5737"},
    {"224.0.0.0", 4, MF__ADDRESS_MULTICAST, "RFC 5771"},
    {"255.255.255.255", 32, MF__ADDRESS_BROADCAST, IANA "RFC 919 section 7"},
    {"240.0.0.0", 4, MF__ADDRESS_RESERVED, IANA "RFC 1112 section 4"},

    {"::", 128, MF__ADDRESS_UNSPECIFIED, IANA "RFC 4291 section 2.5.2"},
    {"::1", 128, MF__ADDRESS_LOOPBACK, IANA "RFC 4291 section 2.5.3"},
    {"::", 96, MF__ADDRESS_TRANSLATED, "RFC 4291 section 2.5.5.1, IPv4-compatible"},
    {"64:ff9b:1::", 48, MF__ADDRESS_TRANSLATED, IANA "RFC 8215, NAT64 of one network"},
    {"100::", 64, MF__ADDRESS_RESERVED, IANA "RFC 6666, discard"},
    {"100:0:0:1::", 64, MF__ADDRESS_RESERVED, IANA "RFC 9780, a dummy prefix"},
    {"2001::", 32, MF__ADDRESS_TRANSLATED, IANA "RFC 4380, Teredo"},
    {"2001:2::", 48, MF__ADDRESS_BENCHMARK, IANA "RFC 5180"},
    {"2001:db8::", 32, MF__ADDRESS_DOCUMENTATION, IANA "RFC 3849"},
    {"2001::", 23, MF__ADDRESS_RESERVED, IANA "RFC 2928, protocol assignments"},
    {"2002::", 16, MF__ADDRESS_TRANSLATED, IANA "RFC 3056, 6to4"},
    {"3fff::", 20, MF__ADDRESS_DOCUMENTATION, IANA "RFC 9637"},
    {"5f00::", 16, MF__ADDRESS_RESERVED, IANA "RFC 9602, segment routing"},
    {"fc00::", 7, MF__ADDRESS_PRIVATE, IANA "RFC 4193"},
    {"fe80::", 10, MF__ADDRESS_LINK_LOCAL, IANA "RFC 4291 section 2.5.6"},
    {"fec0::", 10, MF__ADDRESS_PRIVATE, "RFC 3879, site-local"},
    {"ff00::", 8, MF__ADDRESS_MULTICAST, "RFC 4291 section 2.7"},
    /* NAT64's well-known prefix is the public internet when what it carries is; outside of 2000::/3 nothing else is. */
    {"64:ff9b::", 96, MF__ADDRESS_GLOBAL, IANA "RFC 6052 section 2.1"},
    {"2000::", 3, MF__ADDRESS_GLOBAL, "https://www.iana.org/assignments/ipv6-unicast-address-assignments"},
    {"::", 0, MF__ADDRESS_RESERVED, "https://www.iana.org/assignments/ipv6-address-space"},
};

/* Where an IPv4 address hides in an IPv6 one. */
static const struct {
    const char *network;
    uint8_t bits;
    uint8_t at[4];   /* Which bytes it is. */
    bool is_inverted;
    const char *source;
} carriers[] = {
    {"::", 96, {12, 13, 14, 15}, false, "RFC 4291 section 2.5.5.1, IPv4-compatible"},
    {"64:ff9b::", 96, {12, 13, 14, 15}, false, "RFC 6052 section 2.2, /96"},
    {"64:ff9b:1::", 48, {6, 7, 9, 10}, false, "RFC 6052 section 2.2, /48"},
    {"64:ff9b:1::", 48, {7, 9, 10, 11}, false, "RFC 6052 section 2.2, /56"},
    {"64:ff9b:1::", 48, {9, 10, 11, 12}, false, "RFC 6052 section 2.2, /64"},
    {"64:ff9b:1::", 48, {12, 13, 14, 15}, false, "RFC 6052 section 2.2, /96"},
    {"2002::", 16, {2, 3, 4, 5}, false, "RFC 3056 section 2, 6to4"},
    {"2001::", 32, {4, 5, 6, 7}, false, "RFC 4380 section 4, Teredo's server"},
    {"2001::", 32, {12, 13, 14, 15}, true, "RFC 4380 section 4, Teredo's client"},
};
/* clang-format on */

const char *mf__address_class_name(enum mf__address_class class)
{
    static const char *const names[] = {
        [MF__ADDRESS_GLOBAL] = "global",       [MF__ADDRESS_UNSPECIFIED] = "unspecified",
        [MF__ADDRESS_LOOPBACK] = "loopback",   [MF__ADDRESS_PRIVATE] = "private",
        [MF__ADDRESS_SHARED] = "shared",       [MF__ADDRESS_LINK_LOCAL] = "link-local",
        [MF__ADDRESS_METADATA] = "metadata",   [MF__ADDRESS_MULTICAST] = "multicast",
        [MF__ADDRESS_BROADCAST] = "broadcast", [MF__ADDRESS_DOCUMENTATION] = "documentation",
        [MF__ADDRESS_BENCHMARK] = "benchmark", [MF__ADDRESS_TRANSLATED] = "translated",
        [MF__ADDRESS_RESERVED] = "reserved",   [MF__ADDRESS_UNKNOWN] = "unknown",
    };
    return names[class];
}

/* ---- ranges ---------------------------------------------------------------------------------------- */

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static bool is_v4(const uint8_t address[16])
{
    return memcmp(address, mapped, sizeof mapped) == 0;
}

static bool read_address(const char *text, uint8_t address[16])
{
    memcpy(address, mapped, sizeof mapped);
    return inet_pton(AF_INET, text, address + 12) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

static bool has_prefix(const uint8_t address[16], const uint8_t network[16], unsigned bits)
{
    unsigned bytes = bits / 8;
    uint8_t mask = (uint8_t)(0xff00 >> (bits % 8));

    return memcmp(address, network, bytes) == 0 &&
           (bits % 8 == 0 || (address[bytes] & mask) == (network[bytes] & mask));
}

static bool is_within(const uint8_t address[16], const char *network_text, unsigned bits)
{
    uint8_t network[16];
    bool is_known = read_address(network_text, network);

    MF_ASSERT(is_known); /* A table of ours. */
    bool is_v4_block = strchr(network_text, ':') == NULL;
    /* "::/0" and its like are IPv6 only. */
    return is_v4(address) == is_v4_block && has_prefix(address, network, bits + (is_v4_block ? 96 : 0));
}

int mf__range_parse(struct mf_slice text, struct mf__range *ret_range)
{
    char address[INET6_ADDRSTRLEN];
    struct mf__range range;
    const uint8_t *slash = memchr(text.data, '/', text.size);
    size_t size = slash == NULL ? text.size : (size_t)(slash - text.data);
    uint64_t bits;

    if (size >= sizeof address || memchr(text.data, 0, text.size) != NULL) {
        return MF_E_INVALID;
    }
    memcpy(address, text.data, size);
    address[size] = '\0';
    if (!read_address(address, range.address)) {
        return MF_E_INVALID;
    }
    bool is_short = strchr(address, ':') == NULL;
    bits = is_short ? 32 : 128;
    if (slash != NULL && mf_slice_parse_u64(mf_slice_of(slash + 1, text.size - size - 1), bits, &bits) < 0) {
        return MF_E_INVALID;
    }
    range.bits = (uint8_t)(bits + (is_short ? 96 : 0));
    for (unsigned bit = range.bits; bit < 128; bit++) {
        if ((range.address[bit / 8] & (0x80 >> (bit % 8))) != 0) {
            return MF_E_INVALID;
        }
    }
    *ret_range = range;
    return 0;
}

static bool in_ranges(const uint8_t address[16], const struct mf__range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        /* "::/0" opens IPv6, not what is written as IPv4. */
        if ((ranges[i].bits >= 96 && is_v4(ranges[i].address)) == is_v4(address) &&
            has_prefix(address, ranges[i].address, ranges[i].bits)) {
            return true;
        }
    }
    return false;
}

/* ---- classes ---------------------------------------------------------------------------------------- */

static enum mf__address_class class_of_block(const uint8_t address[16])
{
    for (size_t i = 0; i < MF_COUNT_OF(blocks); i++) {
        if (is_within(address, blocks[i].network, blocks[i].bits)) {
            return blocks[i].class;
        }
    }
    return MF__ADDRESS_GLOBAL; /* IPv4 that is in no block. */
}

/* ISATAP: an interface identifier 0:5efe:a.b.c.d or 200:5efe:a.b.c.d below any prefix. */
static bool is_isatap(const uint8_t address[16])
{
    return (address[8] & ~2) == 0 && address[9] == 0 && address[10] == 0x5e && address[11] == 0xfe;
}

static void take_v4(const uint8_t address[16], const uint8_t at[4], bool is_inverted, uint8_t inner[16])
{
    memcpy(inner, mapped, sizeof mapped);
    for (int i = 0; i < 4; i++) {
        inner[12 + i] = (uint8_t)(address[at[i]] ^ (is_inverted ? 0xff : 0));
    }
}

/* The class of the address, and *ret_inner that of the worst IPv4 address inside it: METADATA before anything, GLOBAL
 * when there is none. */
static enum mf__address_class classify(const uint8_t address[16], enum mf__address_class *ret_inner)
{
    static const uint8_t last[4] = {12, 13, 14, 15};
    enum mf__address_class class = class_of_block(address);
    enum mf__address_class inner_class = MF__ADDRESS_GLOBAL;
    uint8_t inner[16];

    for (size_t i = 0; !is_v4(address) && i <= MF_COUNT_OF(carriers); i++) {
        if (i < MF_COUNT_OF(carriers) ? !is_within(address, carriers[i].network, carriers[i].bits)
                                      : !is_isatap(address)) {
            continue;
        }
        bool is_last = i == MF_COUNT_OF(carriers);
        take_v4(address, is_last ? last : carriers[i].at, !is_last && carriers[i].is_inverted, inner);
        enum mf__address_class found = class_of_block(inner);
        if (inner_class != MF__ADDRESS_METADATA && found != MF__ADDRESS_GLOBAL) {
            inner_class = found;
        }
        if (is_last && class == MF__ADDRESS_GLOBAL) {
            class = MF__ADDRESS_TRANSLATED;
        }
    }
    *ret_inner = inner_class;
    return class;
}

/* False when it is no IP address. */
static bool bytes_of(const struct sockaddr *address, uint8_t bytes[16], uint16_t *ret_port)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        memcpy(bytes, mapped, sizeof mapped);
        memcpy(bytes + 12, &v4.sin_addr, 4);
        *ret_port = ntohs(v4.sin_port);
        return true;
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof v6);
        memcpy(bytes, &v6.sin6_addr, 16);
        *ret_port = ntohs(v6.sin6_port);
        return true;
    }
    return false;
}

/* "::" and "::1" are classes of their own, though they look IPv4-compatible: 0.0.0.0 and 0.0.0.1 inside them mean nothing. */
static enum mf__address_class worst(enum mf__address_class class, enum mf__address_class inner)
{
    bool is_open = class == MF__ADDRESS_GLOBAL || class == MF__ADDRESS_TRANSLATED;

    return inner == MF__ADDRESS_METADATA || (is_open && inner != MF__ADDRESS_GLOBAL) ? inner : class;
}

enum mf__address_class mf__address_classify(const struct sockaddr *address)
{
    uint8_t bytes[16];
    uint16_t port;
    enum mf__address_class inner;
    enum mf__address_class class;

    if (!bytes_of(address, bytes, &port)) {
        return MF__ADDRESS_UNKNOWN;
    }
    class = classify(bytes, &inner);
    return worst(class, inner);
}

/* ---- may it be connected to --------------------------------------------------------------------------- */

static bool is_in(const uint8_t address[16], const struct sockaddr_storage *list, size_t count)
{
    uint8_t other[16];
    uint16_t port;

    for (size_t i = 0; list != NULL && i < count; i++) {
        if (bytes_of((const struct sockaddr *)&list[i], other, &port) && memcmp(address, other, 16) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_wildcard(const uint8_t address[16])
{
    static const uint8_t none[16];

    return memcmp(address, none, 16) == 0 || (is_v4(address) && memcmp(address + 12, none, 4) == 0);
}

/* True when a connection to it would reach the daemon itself. */
static bool is_own(const uint8_t address[16],
                   uint16_t port,
                   enum mf__address_class class,
                   const struct mf__own_addresses *own)
{
    uint8_t listener[16];
    uint16_t listener_port;

    for (size_t i = 0; own != NULL && i < own->listeners_count; i++) {
        if (!bytes_of((const struct sockaddr *)&own->listeners[i], listener, &listener_port) ||
            listener_port != port) {
            continue;
        }
        /* 0.0.0.0 and :: as destinations are this machine. */
        if (memcmp(address, listener, 16) == 0 || class == MF__ADDRESS_UNSPECIFIED ||
            (is_wildcard(listener) &&
             (class != MF__ADDRESS_GLOBAL || is_in(address, own->own, own->own_count)))) {
            return true;
        }
    }
    return false;
}

bool mf__address_allowed(const struct sockaddr *address,
                         const struct mf__range *ranges,
                         size_t ranges_count,
                         const struct mf__own_addresses *own,
                         enum mf__address_class *ret_class)
{
    enum mf__address_class class = mf__address_classify(address);
    uint8_t bytes[16];
    uint16_t port;
    bool is_allowed;

    if (ret_class != NULL) {
        *ret_class = class;
    }
    if (!bytes_of(address, bytes, &port) || class == MF__ADDRESS_METADATA) {
        return false;
    }
    is_allowed = class == MF__ADDRESS_GLOBAL || in_ranges(bytes, ranges, ranges_count);
    if (is_allowed && is_own(bytes, port, class, own)) {
        if (ret_class != NULL) {
            *ret_class = MF__ADDRESS_GLOBAL;
        }
        return false;
    }
    return is_allowed;
}
