#include "resolve.h"

#include <ares.h>
#include <stdio.h>
#include <sys/stat.h>

#define RESOLV_CONF "/etc/resolv.conf"

struct mf__lookup {
    struct mf_list link; /* name->lookups */
    mf__resolved_fn *on_done;
    void *user;
};

/* A name that is asked for, or whose answer is kept. */
struct name {
    struct mf_list link; /* resolver->names, the one that was used last at the end. */
    struct mf_list due;  /* resolver->due, or alone. */
    struct mf_list lookups;
    struct mf__resolver *resolver;
    uint64_t hash;
    bool is_asking;
    int error;
    uint64_t expires_ns;
    struct sockaddr_storage *addresses;
    size_t addresses_count;
    char host[256];
};

struct poll {
    struct mf_list link;
    uv_poll_t handle;
    struct mf__resolver *resolver;
    ares_socket_t fd;
};

struct mf__resolver {
    uv_loop_t *loop;
    ares_channel channel;
    char *servers;      /* As c-ares takes them; NULL: resolv.conf's. */
    struct stat conf;   /* Of resolv.conf, as it was read. */
    uint64_t looked_ns; /* At resolv.conf. */
    unsigned asking;    /* Questions under way. */
    uv_timer_t timer;   /* c-ares's. */
    uv_timer_t turn;    /* Answers are told. */
    struct mf_list polls;
    struct mf_list names;
    struct mf_list due;
    size_t names_count;
    unsigned handles;
    bool is_closing;
    void (*on_closed)(void *user);
    void *user;
};

static void handle_closed(struct mf__resolver *resolver)
{
    void (*on_closed)(void *user) = resolver->on_closed;
    void *user = resolver->user;

    if (--resolver->handles > 0) {
        return;
    }
    mf_free(resolver->servers);
    mf_free(resolver);
    ares_library_cleanup();
    if (on_closed != NULL) {
        on_closed(user);
    }
}

static void on_handle_closed(uv_handle_t *handle)
{
    handle_closed(handle->data);
}

/* ---- names --------------------------------------------------------------------------------------- */

static void drop(struct name *name)
{
    MF_ASSERT(!name->is_asking && mf_list_is_empty(&name->lookups));
    mf_list_remove(&name->link);
    mf_list_remove(&name->due);
    name->resolver->names_count--;
    mf_free(name->addresses);
    mf_free(name);
}

static struct name *find(struct mf__resolver *resolver, const char *host, uint64_t hash)
{
    MF_LIST_FOR_EACH(link, &resolver->names)
    {
        struct name *name = MF_CONTAINER_OF(link, struct name, link);
        if (name->hash == hash && strcmp(name->host, host) == 0) {
            return name;
        }
    }
    return NULL;
}

/* The answers that were not used for the longest time go. */
static void trim(struct mf__resolver *resolver)
{
    MF_LIST_FOR_EACH(link, &resolver->names)
    {
        struct name *name = MF_CONTAINER_OF(link, struct name, link);
        if (resolver->names_count < MF_UPSTREAM_NAMES_MAX) {
            return;
        }
        if (!name->is_asking && mf_list_is_empty(&name->lookups)) {
            drop(name);
        }
    }
}

static struct name *add(struct mf__resolver *resolver, const char *host, uint64_t hash)
{
    struct name *name = mf_try_alloc(sizeof *name);

    if (name == NULL || strlen(host) >= sizeof name->host) {
        mf_free(name);
        return NULL;
    }
    name->resolver = resolver;
    name->hash = hash;
    mf_list_init(&name->due);
    mf_list_init(&name->lookups);
    (void)snprintf(name->host, sizeof name->host, "%s", host);
    mf_list_push_back(&resolver->names, &name->link);
    resolver->names_count++;
    return name;
}

/* ---- answers ---------------------------------------------------------------------------------------- */

static void tell(struct name *name)
{
    struct mf_list *link;
    struct mf_list now;

    /* Those of now: one that is told may ask again. */
    mf_list_init(&now);
    while ((link = mf_list_pop_front(&name->lookups)) != NULL) {
        mf_list_push_back(&now, link);
    }
    while ((link = mf_list_pop_front(&now)) != NULL) {
        struct mf__lookup *lookup = MF_CONTAINER_OF(link, struct mf__lookup, link);
        mf__resolved_fn *on_done = lookup->on_done;
        void *user = lookup->user;
        mf_free(lookup);
        on_done(user, name->error, name->addresses, name->addresses_count);
    }
}

static void turn_due(uv_timer_t *timer)
{
    struct mf__resolver *resolver = timer->data;
    struct mf_list *due;

    while ((due = mf_list_pop_front(&resolver->due)) != NULL) {
        struct name *name = MF_CONTAINER_OF(due, struct name, due);
        tell(name);
        bool is_kept = name->error == 0 && name->expires_ns > mf_clock_now_ns();
        if (!is_kept && mf_list_is_empty(&name->lookups) && !name->is_asking) {
            drop(name);
        }
    }
}

static void make_due(struct name *name)
{
    struct mf__resolver *resolver = name->resolver;

    if (mf_list_is_empty(&name->due)) {
        mf_list_push_back(&resolver->due, &name->due);
    }
    if (!resolver->is_closing) {
        int rc = uv_timer_start(&resolver->turn, turn_due, 0, 0);
        MF_ASSERT(rc == 0);
    }
}

/* More than a whole answer may have is refused: nobody needs so many, and each is checked. */
static int copy_addresses(struct name *name, const struct ares_addrinfo *info, unsigned *ret_ttl_s)
{
    size_t count = 0;

    for (const struct ares_addrinfo_node *node = info->nodes; node != NULL; node = node->ai_next) {
        count += node->ai_family == AF_INET || node->ai_family == AF_INET6;
    }
    if (count == 0 || count > MF_UPSTREAM_ADDRESSES_MAX) {
        return MF_E_UPSTREAM_DNS;
    }
    mf_free(name->addresses);
    name->addresses = mf_try_alloc(count * sizeof *name->addresses);
    name->addresses_count = 0;
    if (name->addresses == NULL) {
        return MF_E_NO_MEMORY;
    }
    for (const struct ares_addrinfo_node *node = info->nodes; node != NULL; node = node->ai_next) {
        if ((node->ai_family == AF_INET || node->ai_family == AF_INET6) &&
            node->ai_addrlen <= sizeof *name->addresses) {
            memcpy(&name->addresses[name->addresses_count++], node->ai_addr, node->ai_addrlen);
            unsigned ttl_s = node->ai_ttl > 0 ? (unsigned)node->ai_ttl : 0;
            *ret_ttl_s = ttl_s < *ret_ttl_s ? ttl_s : *ret_ttl_s;
        }
    }
    return 0;
}

static void on_answer(void *user, int status, int timeouts, struct ares_addrinfo *info)
{
    struct name *name = user;
    unsigned ttl_s = MF_UPSTREAM_NAME_MS_MAX / 1000;

    (void)timeouts;
    name->is_asking = false;
    name->resolver->asking--;
    name->error = status == ARES_ENOMEM    ? MF_E_NO_MEMORY
                  : status == ARES_SUCCESS ? copy_addresses(name, info, &ttl_s)
                                           : MF_E_UPSTREAM_DNS;
    if (name->error < 0) {
        name->addresses_count = 0;
    }
    if (info != NULL) {
        ares_freeaddrinfo(info);
    }
    name->expires_ns = mf_clock_now_ns() + ttl_s * MF_NS_PER_S;
    if (name->resolver->is_closing) {
        drop(name);
    } else {
        make_due(name);
    }
}

/* ---- c-ares on the loop ----------------------------------------------------------------------------------- */

static void arm(struct mf__resolver *resolver);

static void timer_due(uv_timer_t *timer)
{
    struct mf__resolver *resolver = timer->data;

    ares_process_fd(resolver->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    arm(resolver);
}

static void arm(struct mf__resolver *resolver)
{
    struct timeval most = {1, 0};
    struct timeval room;
    struct timeval *next;

    if (resolver->is_closing) {
        return;
    }
    if (resolver->asking == 0) {
        (void)uv_timer_stop(&resolver->timer);
        return;
    }
    next = ares_timeout(resolver->channel, &most, &room);
    uint64_t delay_ms = (uint64_t)next->tv_sec * 1000 + (uint64_t)next->tv_usec / 1000 + 1;
    (void)uv_timer_start(&resolver->timer, timer_due, delay_ms, 0);
}

static void on_poll(uv_poll_t *handle, int status, int events)
{
    struct poll *poll = MF_CONTAINER_OF(handle, struct poll, handle);
    struct mf__resolver *resolver = poll->resolver;
    ares_socket_t fd = poll->fd; /* |poll| may be gone after the call. */

    ares_process_fd(resolver->channel, status < 0 || (events & UV_READABLE) ? fd : ARES_SOCKET_BAD,
                    status < 0 || (events & UV_WRITABLE) ? fd : ARES_SOCKET_BAD);
    arm(resolver);
}

static void poll_closed(uv_handle_t *handle)
{
    struct poll *poll = MF_CONTAINER_OF((uv_poll_t *)handle, struct poll, handle);
    struct mf__resolver *resolver = poll->resolver;

    mf_free(poll);
    handle_closed(resolver);
}

static struct poll *find_poll(struct mf__resolver *resolver, ares_socket_t fd)
{
    MF_LIST_FOR_EACH(link, &resolver->polls)
    {
        struct poll *poll = MF_CONTAINER_OF(link, struct poll, link);
        if (poll->fd == fd) {
            return poll;
        }
    }
    return NULL;
}

static struct poll *add_poll(struct mf__resolver *resolver, ares_socket_t fd)
{
    struct poll *poll = mf_try_alloc(sizeof *poll);

    if (poll == NULL || uv_poll_init_socket(resolver->loop, &poll->handle, fd) < 0) {
        mf_free(poll);
        return NULL; /* The question runs into its timeout. */
    }
    poll->resolver = resolver;
    poll->fd = fd;
    resolver->handles++;
    mf_list_push_back(&resolver->polls, &poll->link);
    return poll;
}

static void on_socket(void *user, ares_socket_t fd, int is_readable, int is_writable)
{
    struct mf__resolver *resolver = user;
    struct poll *poll = find_poll(resolver, fd);
    int events = (is_readable ? UV_READABLE : 0) | (is_writable ? UV_WRITABLE : 0);

    if (events == 0) {
        if (poll != NULL) {
            mf_list_remove(&poll->link);
            (void)uv_poll_stop(&poll->handle);
            uv_close((uv_handle_t *)&poll->handle, poll_closed);
        }
        return;
    }
    if (poll == NULL && !resolver->is_closing) {
        poll = add_poll(resolver, fd);
    }
    if (poll != NULL) {
        (void)uv_poll_start(&poll->handle, events, on_poll);
    }
}

static int open_channel(struct mf__resolver *resolver, ares_channel *ret_channel)
{
    char lookups[] = "fb"; /* The hosts file, then servers. */
    struct ares_options options = {.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS,
                                   .ednspsz = MF_UPSTREAM_DNS_BYTES_MAX,
                                   .timeout = MF_UPSTREAM_DNS_TRY_MS,
                                   .tries = MF_UPSTREAM_DNS_TRIES,
                                   .lookups = lookups,
                                   .sock_state_cb = on_socket,
                                   .sock_state_cb_data = resolver};
    int mask =
        ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_EDNSPSZ | ARES_OPT_SOCK_STATE_CB;

    if (ares_init_options(ret_channel, &options, mask) != ARES_SUCCESS) {
        return MF_E_INTERNAL;
    }
    if (resolver->servers != NULL &&
        ares_set_servers_ports_csv(*ret_channel, resolver->servers) != ARES_SUCCESS) {
        ares_destroy(*ret_channel);
        return MF_E_CONFIG;
    }
    return 0;
}

static bool is_conf_same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
           a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Servers may change while we run: a laptop moves. */
static void follow_conf(struct mf__resolver *resolver)
{
    uint64_t now_ns = mf_clock_now_ns();
    struct stat conf;
    ares_channel channel;

    if (resolver->servers != NULL || resolver->asking > 0 ||
        now_ns - resolver->looked_ns < MF_UPSTREAM_RESOLV_CONF_MS * MF_NS_PER_MS) {
        return;
    }
    resolver->looked_ns = now_ns;
    if (stat(RESOLV_CONF, &conf) == 0 && !is_conf_same(&conf, &resolver->conf) &&
        open_channel(resolver, &channel) == 0) {
        ares_destroy(resolver->channel);
        resolver->channel = channel;
        resolver->conf = conf;
    }
}

/* ---- the door ------------------------------------------------------------------------------------------------ */

static int join_servers(struct mf__resolver *resolver, char *const *servers, size_t count)
{
    struct mf_buf csv;
    size_t size;
    int rc = 0;

    if (count == 0) {
        return 0;
    }
    mf_buf_init(&csv, MF_UPSTREAM_DNS_SERVERS_MAX * 64);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        rc = mf_buf_printf(&csv, "%s%s", i == 0 ? "" : ",", servers[i]);
    }
    if (rc == 0) {
        rc = mf_buf_append(&csv, "", 1);
    }
    resolver->servers = rc == 0 ? (char *)mf_buf_take(&csv, &size) : NULL;
    mf_buf_done(&csv);
    return rc == MF_E_TOO_LARGE ? MF_E_CONFIG : rc;
}

int mf__resolver_open(uv_loop_t *loop,
                      char *const *servers,
                      size_t servers_count,
                      MF_OWN struct mf__resolver **ret_resolver)
{
    struct mf__resolver *resolver = mf_new(sizeof *resolver);
    int rc = ares_library_init(ARES_LIB_INIT_ALL) == ARES_SUCCESS ? 0 : MF_E_INTERNAL;

    MF_ASSERT(rc == 0);
    resolver->loop = loop;
    mf_list_init(&resolver->polls);
    mf_list_init(&resolver->names);
    mf_list_init(&resolver->due);
    rc = join_servers(resolver, servers, servers_count);
    if (rc == 0) {
        (void)stat(RESOLV_CONF, &resolver->conf);
        rc = open_channel(resolver, &resolver->channel);
    }
    if (rc < 0) {
        mf_free(resolver->servers);
        mf_free(resolver);
        ares_library_cleanup();
        return rc;
    }
    (void)uv_timer_init(loop, &resolver->timer);
    (void)uv_timer_init(loop, &resolver->turn);
    resolver->timer.data = resolver;
    resolver->turn.data = resolver;
    resolver->handles = 2;
    *ret_resolver = resolver;
    return 0;
}

void mf__resolver_close(MF_OWN struct mf__resolver *resolver, void (*on_closed)(void *user), void *user)
{
    resolver->is_closing = true;
    resolver->on_closed = on_closed;
    resolver->user = user;
    ares_destroy(resolver->channel); /* Answers what is asked, and gives its sockets back. */
    MF_LIST_FOR_EACH(link, &resolver->names)
    {
        drop(MF_CONTAINER_OF(link, struct name, link));
    }
    uv_close((uv_handle_t *)&resolver->timer, on_handle_closed);
    uv_close((uv_handle_t *)&resolver->turn, on_handle_closed);
}

static void ask(struct name *name)
{
    struct mf__resolver *resolver = name->resolver;
    struct ares_addrinfo_hints hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = ARES_AI_NOSORT};

    follow_conf(resolver);
    name->is_asking = true;
    resolver->asking++;
    ares_getaddrinfo(resolver->channel, name->host, NULL, &hints, on_answer, name);
    arm(resolver);
}

int mf__resolve(struct mf__resolver *resolver,
                const char *host,
                mf__resolved_fn *on_done,
                void *user,
                struct mf__lookup **ret_lookup)
{
    uint64_t hash = mf_hash(mf_slice_of_cstr(host));
    struct name *name = find(resolver, host, hash);
    struct mf__lookup *lookup = mf_try_alloc(sizeof *lookup);

    if (lookup != NULL && name == NULL) {
        trim(resolver);
        name = add(resolver, host, hash);
    }
    if (lookup == NULL || name == NULL) {
        mf_free(lookup);
        return MF_E_NO_MEMORY;
    }
    lookup->on_done = on_done;
    lookup->user = user;
    mf_list_push_back(&name->lookups, &lookup->link);
    mf_list_remove(&name->link);
    mf_list_push_back(&resolver->names, &name->link);
    if (!name->is_asking && !mf_list_is_empty(&name->due)) {
        /* Its answer is told in this turn anyway. */
    } else if (!name->is_asking && name->error == 0 && name->addresses_count > 0 &&
               name->expires_ns > mf_clock_now_ns()) {
        make_due(name);
    } else if (!name->is_asking) {
        ask(name);
    }
    *ret_lookup = lookup;
    return 0;
}

void mf__lookup_cancel(MF_OWN struct mf__lookup *lookup)
{
    mf_list_remove(&lookup->link);
    mf_free(lookup);
}
