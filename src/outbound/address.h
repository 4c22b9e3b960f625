/* address.h - what kind of network an address belongs to, and whether a request may go there. Pure.
 *
 * The table in address.c has one line for each block, with its source. Addresses that carry an IPv4 address inside (mapped,
 * compatible, NAT64, 6to4, Teredo, ISATAP) are judged by that one as well: a translator somewhere may open them. */
#ifndef MAYFLY_OUTBOUND_ADDRESS_H
#define MAYFLY_OUTBOUND_ADDRESS_H

#include <sys/socket.h>

#include <mayfly/base.h>

enum mf__address_class {
    MF__ADDRESS_GLOBAL, /* The public internet; the only class that is open unless a rule opens more. */
    MF__ADDRESS_UNSPECIFIED,
    MF__ADDRESS_LOOPBACK,
    MF__ADDRESS_PRIVATE,
    MF__ADDRESS_SHARED, /* Carrier-grade NAT. */
    MF__ADDRESS_LINK_LOCAL,
    MF__ADDRESS_METADATA, /* A cloud's instance metadata and credentials: never open. */
    MF__ADDRESS_MULTICAST,
    MF__ADDRESS_BROADCAST,
    MF__ADDRESS_DOCUMENTATION,
    MF__ADDRESS_BENCHMARK,
    MF__ADDRESS_TRANSLATED, /* 6to4, Teredo, ISATAP, local NAT64, IPv4-compatible. */
    MF__ADDRESS_RESERVED,
    MF__ADDRESS_UNKNOWN, /* No IP address. */
};

/* "loopback". */
const char *mf__address_class_name(enum mf__address_class class);

/* A range that a rule opens. IPv4 ranges are kept as IPv4-mapped IPv6 (::ffff:0:0/96). */
struct mf__range {
    uint8_t address[16];
    uint8_t bits; /* 0 to 128. */
};

/* "10.0.0.0/8", "fd00::/8", or one address. MF_E_INVALID; also when bits behind the prefix are set. */
MF_MUST_CHECK int mf__range_parse(struct mf_slice text, struct mf__range *ret_range);

enum mf__address_class mf__address_classify(const struct sockaddr *address);

/* The daemon's own listeners. With a wildcard one ("0.0.0.0:8787") its port is closed on every address that is not
 * global, and on |own|, the addresses of this machine. */
struct mf__own_addresses {
    const struct sockaddr_storage *listeners;
    size_t listeners_count;
    const struct sockaddr_storage *own; /* Ports do not matter; may be NULL. */
    size_t own_count;
};

/* Whether a connection may be made to |address|, its port included. |own| may be NULL. *ret_class (may be NULL) is why not:
 * GLOBAL then means that it is one of the daemon's own. */
bool mf__address_allowed(const struct sockaddr *address,
                         const struct mf__range *ranges,
                         size_t ranges_count,
                         const struct mf__own_addresses *own,
                         enum mf__address_class *ret_class);

#endif
