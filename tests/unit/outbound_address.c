/* What network an address belongs to, whatever it hides in, and where a request may go. */
#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "check.h"

static struct sockaddr_storage at(const char *text, uint16_t port)
{
    struct sockaddr_storage storage;
    struct sockaddr_in *v4 = (struct sockaddr_in *)&storage;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&storage;

    memset(&storage, 0, sizeof storage);
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(port);
    } else {
        MF_CHECK_INT(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
    }
    return storage;
}

static const char *class_of(const char *text)
{
    struct sockaddr_storage address = at(text, 80);
    return mf__address_class_name(mf__address_classify((struct sockaddr *)&address));
}

static const char *const addresses_of_blocks[][2] = {
    {"1.1.1.1", "global"},
    {"93.184.216.34", "global"},
    {"0.0.0.0", "unspecified"},
    {"0.255.255.255", "unspecified"},
    {"1.0.0.0", "global"},
    {"9.255.255.255", "global"},
    {"10.0.0.0", "private"},
    {"10.255.255.255", "private"},
    {"11.0.0.0", "global"},
    {"100.63.255.255", "global"},
    {"100.64.0.0", "shared"},
    {"100.127.255.255", "shared"},
    {"100.128.0.0", "global"},
    {"100.100.100.200", "metadata"},
    {"126.255.255.255", "global"},
    {"127.0.0.1", "loopback"},
    {"127.255.255.255", "loopback"},
    {"128.0.0.0", "global"},
    {"169.253.255.255", "global"},
    {"169.254.0.0", "link-local"},
    {"169.254.169.254", "metadata"},
    {"169.254.169.253", "metadata"},
    {"169.254.170.2", "metadata"},
    {"169.254.170.23", "metadata"},
    {"169.254.0.23", "metadata"},
    {"169.254.10.10", "metadata"},
    {"169.254.42.42", "metadata"},
    {"169.254.169.250", "metadata"},
    {"169.254.169.252", "link-local"},
    {"169.255.0.0", "global"},
    {"168.63.129.16", "metadata"},
    {"168.63.129.17", "global"},
    {"172.15.255.255", "global"},
    {"172.16.0.0", "private"},
    {"172.31.255.255", "private"},
    {"172.32.0.0", "global"},
    {"192.0.0.1", "reserved"},
    {"192.0.0.192", "metadata"},
    {"192.0.1.0", "global"},
    {"192.0.2.1", "documentation"},
    {"192.88.99.1", "translated"},
    {"192.167.255.255", "global"},
    {"192.168.0.1", "private"},
    {"192.169.0.0", "global"},
    {"198.17.255.255", "global"},
    {"198.18.0.1", "benchmark"},
    {"198.19.255.255", "benchmark"},
    {"198.20.0.0", "global"},
    {"198.51.100.7", "documentation"},
    {"203.0.113.9", "documentation"},
    {"223.255.255.255", "global"},
    {"224.0.0.1", "multicast"},
    {"239.255.255.255", "multicast"},
    {"240.0.0.1", "reserved"},
    {"255.255.255.254", "reserved"},
    {"255.255.255.255", "broadcast"},
    {"::", "unspecified"},
    {"::1", "loopback"},
    {"::2", "unspecified"},
    {"2606:4700::1111", "global"},
    {"2001:db8::1", "documentation"},
    {"3fff::1", "documentation"},
    {"3fff:1000::1", "global"},
    {"fc00::1", "private"},
    {"fdff::1", "private"},
    {"fe80::1", "link-local"},
    {"febf::1", "link-local"},
    {"fec0::1", "private"},
    {"ff02::1", "multicast"},
    {"fd00:ec2::254", "metadata"},
    {"fd00:ec2::23", "metadata"},
    {"fd00:ec2::253", "metadata"},
    {"fd20:ce::254", "metadata"},
    {"fd00:42::42", "metadata"},
    {"fe80::a9fe:a9fe", "metadata"},
    {"100::1", "reserved"},
    {"100:0:0:1::1", "reserved"},
    {"2001:2::1", "benchmark"},
    {"2001:20::1", "reserved"},
    {"2001:200::1", "global"},
    {"5f00::1", "reserved"},
    {"4000::1", "reserved"},
    {"8000::1", "reserved"},
    {"1::1", "reserved"},
    {"3ffe::1", "global"},
};

static void knows_every_block(void)
{
    for (size_t i = 0; i < MF_COUNT_OF(addresses_of_blocks); i++) {
        if (strcmp(class_of(addresses_of_blocks[i][0]), addresses_of_blocks[i][1]) != 0) {
            fprintf(stderr, "%s is %s\n", addresses_of_blocks[i][0], class_of(addresses_of_blocks[i][0]));
        }
        MF_CHECK(strcmp(class_of(addresses_of_blocks[i][0]), addresses_of_blocks[i][1]) == 0);
    }
}

static void looks_inside_of_translated_ones(void)
{
    static const char *const rows[][2] = {
        /* mapped */
        {"::ffff:127.0.0.1", "loopback"},
        {"::ffff:8.8.8.8", "global"},
        {"::ffff:169.254.169.254", "metadata"},
        {"::ffff:0.0.0.0", "unspecified"},
        {"::ffff:10.0.0.1", "private"},
        /* compatible */
        {"::127.0.0.1", "loopback"},
        {"::8.8.8.8", "translated"},
        {"::169.254.169.254", "metadata"},
        /* NAT64 */
        {"64:ff9b::8.8.8.8", "global"},
        {"64:ff9b::10.0.0.1", "private"},
        {"64:ff9b::169.254.169.254", "metadata"},
        {"64:ff9b::127.0.0.1", "loopback"},
        {"64:ff9b:0:0:1::", "reserved"},
        {"64:ff9b:1:a9fe:a9:fe00::", "metadata"},
        {"64:ff9b:1::169.254.169.254", "metadata"},
        {"64:ff9b:1:a9:fe:a9fe::", "metadata"},
        {"64:ff9b:1::8.8.8.8", "unspecified"},
        {"64:ff9b:1:808:8:800:808:808", "translated"},
        /* 6to4 */
        {"2002:808:808::1", "translated"},
        {"2002:a9fe:a9fe::1", "metadata"},
        {"2002:7f00:1::", "loopback"},
        {"2002:a00:1::1", "private"},
        /* Teredo: the server plain, the client inverted */
        {"2001:0:808:808::f7f7:f7f7", "translated"},
        {"2001:0:a9fe:a9fe::f7f7:f7f7", "metadata"},
        {"2001:0:808:808::5601:5601", "metadata"},
        {"2001:0:808:808::80ff:fffe", "loopback"},
        /* ISATAP */
        {"2606:4700::5efe:8.8.8.8", "translated"},
        {"2606:4700::5efe:10.0.0.1", "private"},
        {"2606:4700::200:5efe:169.254.169.254", "metadata"},
        {"fe80::5efe:10.0.0.1", "link-local"},
    };
    for (size_t i = 0; i < MF_COUNT_OF(rows); i++) {
        if (strcmp(class_of(rows[i][0]), rows[i][1]) != 0) {
            fprintf(stderr, "%s is %s\n", rows[i][0], class_of(rows[i][0]));
        }
        MF_CHECK(strcmp(class_of(rows[i][0]), rows[i][1]) == 0);
    }
    struct sockaddr unix_one = {.sa_family = AF_UNIX};
    MF_CHECK_INT(mf__address_classify(&unix_one), MF__ADDRESS_UNKNOWN);
    MF_CHECK(!mf__address_allowed(&unix_one, NULL, 0, NULL, NULL));
}

static struct mf__range range(const char *text)
{
    struct mf__range parsed;
    MF_CHECK_INT(mf__range_parse(mf_slice_of_cstr(text), &parsed), 0);
    return parsed;
}

static bool allowed(const char *address_text, const char *range_text)
{
    struct sockaddr_storage address = at(address_text, 80);
    struct mf__range parsed;

    if (range_text == NULL) {
        return mf__address_allowed((struct sockaddr *)&address, NULL, 0, NULL, NULL);
    }
    parsed = range(range_text);
    return mf__address_allowed((struct sockaddr *)&address, &parsed, 1, NULL, NULL);
}

static void opens_only_what_a_rule_names(void)
{
    MF_CHECK(allowed("8.8.8.8", NULL));
    MF_CHECK(!allowed("127.0.0.1", NULL));
    MF_CHECK(!allowed("10.0.0.1", NULL));
    MF_CHECK(allowed("10.0.0.1", "10.0.0.0/8"));
    MF_CHECK(!allowed("11.0.0.1", "10.0.0.0/8") == false);
    MF_CHECK(!allowed("192.168.0.1", "10.0.0.0/8"));
    MF_CHECK(allowed("10.1.2.3", "10.1.2.3"));
    MF_CHECK(!allowed("10.1.2.4", "10.1.2.3/32"));
    MF_CHECK(allowed("::ffff:10.0.0.1", "10.0.0.0/8"));
    MF_CHECK(allowed("10.0.0.1", "::ffff:10.0.0.0/104"));
    MF_CHECK(allowed("fd12::1", "fd00::/8"));
    MF_CHECK(!allowed("fe80::1", "fd00::/8"));
    MF_CHECK(allowed("127.0.0.1", "0.0.0.0/0"));
    MF_CHECK(!allowed("::1", "0.0.0.0/0"));
    MF_CHECK(allowed("::1", "::/0"));
    MF_CHECK(!allowed("127.0.0.1", "::/0"));
    /* What a translated address carries is not opened by a range for the IPv4 one. */
    MF_CHECK(!allowed("64:ff9b::10.0.0.1", "10.0.0.0/8"));
    MF_CHECK(allowed("64:ff9b::10.0.0.1", "64:ff9b::/96"));
    MF_CHECK(allowed("172.31.255.255", "172.16.0.0/12"));
    MF_CHECK(!allowed("172.32.0.0", "172.16.0.0/12") == false);
}

static void never_opens_metadata(void)
{
    static const char *const addresses[] = {
        "169.254.169.254", "100.100.100.200",   "168.63.129.16", "::ffff:169.254.169.254",
        "169.254.170.2",   "::169.254.169.254", "192.0.0.192"};
    static const char *const v6[] = {"fd00:ec2::254", "64:ff9b::169.254.169.254",
                                     "2002:a9fe:a9fe::", "fe80::a9fe:a9fe"};

    for (size_t i = 0; i < MF_COUNT_OF(addresses); i++) {
        MF_CHECK(!allowed(addresses[i], NULL));
        MF_CHECK(!allowed(addresses[i], "0.0.0.0/0"));
        MF_CHECK(!allowed(addresses[i], "169.254.169.254/32"));
    }
    for (size_t i = 0; i < MF_COUNT_OF(v6); i++) {
        MF_CHECK(!allowed(v6[i], NULL));
        MF_CHECK(!allowed(v6[i], "::/0"));
    }
}

static void never_opens_the_daemon_itself(void)
{
    struct mf__range all[] = {range("0.0.0.0/0"), range("::/0")};
    struct sockaddr_storage listeners[] = {at("127.0.0.1", 8787), at("0.0.0.0", 9000), at("::", 9001)};
    struct sockaddr_storage own_list[] = {at("8.8.4.4", 0)};
    struct mf__own_addresses own = {listeners, 3, own_list, 1};
    static const struct {
        const char *address;
        uint16_t port;
        bool is_allowed;
    } rows[] = {
        {"127.0.0.1", 8787, false}, {"127.0.0.1", 8788, true},
        {"127.0.0.2", 8787, true},  {"::ffff:127.0.0.1", 8787, false},
        {"0.0.0.0", 8787, false},   {"::", 8787, false},
        {"10.0.0.1", 8787, true},   {"127.0.0.1", 9000, false},
        {"10.0.0.1", 9000, false},  {"8.8.8.8", 9000, true},
        {"8.8.4.4", 9000, false},   {"8.8.4.4", 9002, true},
        {"::1", 9001, false},       {"127.0.0.1", 9001, false},
    };
    for (size_t i = 0; i < MF_COUNT_OF(rows); i++) {
        struct sockaddr_storage address = at(rows[i].address, rows[i].port);
        enum mf__address_class class;
        MF_CHECK_INT(mf__address_allowed((struct sockaddr *)&address, all, 2, &own, &class),
                     rows[i].is_allowed);
    }
}

static void refuses_bad_ranges(void)
{
    static const char *const rows[] = {
        "",           "10.0.0.0/33", "10.0.0.1/8",   "10.0.0/8",      "fd00::/129",
        "fd00::1/64", "10.0.0.0/",   "10.0.0.0/-1",  "10.0.0.0/8 ",   " 10.0.0.0/8",
        "x/8",        "/8",          "10.0.0.0/08x", "fe80::1%lo/64", "10.0.0.0/8/8"};
    struct mf__range parsed;

    for (size_t i = 0; i < MF_COUNT_OF(rows); i++) {
        MF_CHECK_INT(mf__range_parse(mf_slice_of_cstr(rows[i]), &parsed), MF_E_INVALID);
    }
    MF_CHECK_INT(mf__range_parse(mf_slice_of("10.0.0.0\0/8", 11), &parsed), MF_E_INVALID);
}

int main(void)
{
    MF_RUN(knows_every_block);
    MF_RUN(looks_inside_of_translated_ones);
    MF_RUN(opens_only_what_a_rule_names);
    MF_RUN(never_opens_metadata);
    MF_RUN(never_opens_the_daemon_itself);
    MF_RUN(refuses_bad_ranges);
    return 0;
}
