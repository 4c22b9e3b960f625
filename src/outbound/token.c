#include "token.h"

#include <math.h>
#include <stdio.h>

#include <cjson/cJSON.h>

#include <mayfly/http.h>

#include "egress.h"

struct mf__token_wait {
    struct mf_list link; /* token->waits */
    void (*on_done)(void *user, int error, struct mf_slice token);
    void *user;
};

/* One question to a token's server. */
struct call {
    struct token *token;
    struct mf_secret *secret;
    struct mf__url url;
    struct mf_buf url_text; /* With a NUL behind it. */
    struct mf_buf headers;
    struct mf__upload form;
    struct mf_buf answer;
    struct mf__range *ranges;
    size_t ranges_count;
    struct mf__lookup *lookup;
    struct mf__transfer *transfer;
    uv_timer_t timer;
    bool is_begun;
    int status;
};

struct token {
    struct mf_list link; /* tokens->list, the one that was used last at the end. */
    struct mf__tokens *tokens;
    struct mf_list waits;
    uint64_t serial;   /* The secret's. */
    struct call *call; /* NULL: nothing is under way. */
    uint8_t *value;    /* NULL: none. */
    size_t value_size;
    uint64_t ends_ns;
    uint64_t renew_ns; /* From here on it is renewed by who uses it. */
    uint64_t failed_until_ns;
};

struct mf__tokens {
    struct mf_egress *egress;
    struct mf_list list;
    size_t count;
    unsigned handles;
    bool is_closing;
    void (*on_closed)(void *user);
    void *user;
};

static void wipe(struct mf_buf *buf)
{
    if (buf->data != NULL) {
        mf_wipe(buf->data, buf->capacity);
    }
    mf_buf_done(buf);
}

/* ---- the end ------------------------------------------------------------------------------------- */

static void finish_close(struct mf__tokens *tokens)
{
    if (tokens->is_closing && tokens->handles == 0) {
        void (*on_closed)(void *user) = tokens->on_closed;
        void *user = tokens->user;
        mf_free(tokens);
        on_closed(user);
    }
}

static void call_closed(uv_handle_t *handle)
{
    struct call *call = MF_CONTAINER_OF((uv_timer_t *)handle, struct call, timer);
    struct mf__tokens *tokens = handle->data;

    mf_free(call);
    tokens->handles--;
    finish_close(tokens);
}

static void end_call(struct call *call)
{
    if (call->lookup != NULL) {
        mf__lookup_cancel(call->lookup);
    }
    if (call->transfer != NULL) {
        mf__transfer_cancel(call->transfer);
    }
    mf_secret_unref(call->secret);
    wipe(&call->headers);
    wipe(&call->form.bytes);
    wipe(&call->answer);
    mf_buf_done(&call->url_text);
    mf_free(call->ranges);
    call->token->call = NULL;
    uv_close((uv_handle_t *)&call->timer, call_closed);
}

static void forget_value(struct token *token)
{
    mf_vault_memory_free(token->value, token->value_size);
    token->value = NULL;
    token->value_size = 0;
}

static void drop(struct token *token)
{
    MF_ASSERT(mf_list_is_empty(&token->waits));
    if (token->call != NULL) {
        end_call(token->call);
    }
    forget_value(token);
    mf_list_remove(&token->link);
    token->tokens->count--;
    mf_free(token);
}

/* ---- the answer ------------------------------------------------------------------------------------- */

static void tell(struct token *token, int error)
{
    struct mf_list *link;
    struct mf_list now;

    mf_list_init(&now);
    while ((link = mf_list_pop_front(&token->waits)) != NULL) {
        mf_list_push_back(&now, link);
    }
    while ((link = mf_list_pop_front(&now)) != NULL) {
        struct mf__token_wait *wait = MF_CONTAINER_OF(link, struct mf__token_wait, link);
        void (*on_done)(void *user, int error, struct mf_slice token) = wait->on_done;
        void *user = wait->user;
        mf_free(wait);
        on_done(user, error, error < 0 ? mf_slice_of(NULL, 0) : mf_slice_of(token->value, token->value_size));
    }
}

/* |why| is for the operator; it has nothing of the answer in it. */
static void fail(struct call *call, int error, const char *why)
{
    struct token *token = call->token;

    mf_log(MF_LOG_WARN, error, NULL, "access token of %s: %s (status %d)", call->url.host.text, why,
           call->status);
    token->failed_until_ns = mf_clock_now_ns() + MF_UPSTREAM_TOKEN_RETRY_MS * MF_NS_PER_MS;
    end_call(call);
    if (token->value == NULL) {
        tell(token, MF_E_UPSTREAM_TOKEN);
    }
}

/* So that many daemons that began together do not renew together: up to a fifth earlier. */
static uint64_t jitter(uint64_t span_ns)
{
    uint32_t random;

    mf_random_bytes(&random, sizeof random);
    return span_ns / 5 * (random % 1000) / 1000;
}

static int keep(struct token *token, const char *value, double expires_in_s)
{
    size_t size = strlen(value);
    uint64_t now_ns = mf_clock_now_ns();
    uint64_t life_ns = (uint64_t)(expires_in_s * 1e9);
    uint64_t early_ns = MF_UPSTREAM_TOKEN_EARLY_MS * MF_NS_PER_MS;
    uint8_t *copy = size == 0 || size > MF_REDACT_SECRET_BYTES_MAX ? NULL : mf_vault_memory_new(size);

    if (copy == NULL) {
        return MF_E_INVALID;
    }
    memcpy(copy, value, size);
    forget_value(token);
    token->value = copy;
    token->value_size = size;
    early_ns = early_ns < life_ns / 4 ? early_ns : life_ns / 4;
    token->ends_ns = now_ns + life_ns - early_ns / 4; /* It must still hold when it arrives. */
    token->renew_ns = now_ns + life_ns - early_ns - jitter(early_ns);
    return 0;
}

static bool is_bearer(const cJSON *type)
{
    return type == NULL ||
           (cJSON_IsString(type) && mf_slice_equal_nocase(mf_slice_of_cstr(type->valuestring), "bearer"));
}

/* {"access_token":"...","token_type":"Bearer","expires_in":3600} */
static int read_answer(struct token *token, struct mf_slice text)
{
    cJSON *root = cJSON_ParseWithLength((const char *)text.data, text.size);
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(root, "access_token");
    const cJSON *expires = cJSON_GetObjectItemCaseSensitive(root, "expires_in");
    double life_s = MF_UPSTREAM_TOKEN_LIFE_MS / 1000;
    int rc = MF_E_INVALID;

    if (cJSON_IsNumber(expires) && isfinite(expires->valuedouble)) {
        life_s = fmin(fmax(expires->valuedouble, 1), 86400 * 365);
    }
    if (cJSON_IsString(value) && is_bearer(cJSON_GetObjectItemCaseSensitive(root, "token_type"))) {
        rc = keep(token, value->valuestring, life_s);
        mf_wipe(value->valuestring, strlen(value->valuestring));
    }
    cJSON_Delete(root);
    return rc;
}

/* ---- what the transfer says ----------------------------------------------------------------------------- */

static bool may_use(void *user, const struct sockaddr *address)
{
    struct call *call = user;
    struct mf__rule rule = {.ranges = call->ranges, .ranges_count = call->ranges_count};

    return mf__egress_may_use(call->token->tokens->egress, &rule, address);
}

static void on_head(void *user, const struct mf_egress_answer *head)
{
    struct call *call = user;

    call->status = head->status;
}

static bool on_body(void *user, struct mf_slice bytes)
{
    struct call *call = user;

    if (mf_buf_append_slice(&call->answer, bytes) < 0) {
        call->status = 0; /* Too long: it is no answer. */
    }
    return true;
}

static int64_t on_read(void *user, uint8_t *space, size_t size, bool *ret_is_end)
{
    struct call *call = user;

    return mf__upload_read(&call->form, space, size, ret_is_end);
}

static bool on_rewind(void *user)
{
    struct call *call = user;

    return mf__upload_rewind(&call->form);
}

static void on_call_done(void *user, int error)
{
    struct call *call = user;
    struct token *token = call->token;

    call->transfer = NULL;
    if (error < 0) {
        fail(call, error, "its server could not be asked");
    } else if (call->status != 200) {
        fail(call, MF_E_UPSTREAM_TOKEN, "its server refused");
    } else if (read_answer(token, mf_buf_peek(&call->answer)) < 0) {
        fail(call, MF_E_UPSTREAM_TOKEN, "its server's answer has no bearer token");
    } else {
        token->failed_until_ns = 0;
        end_call(call);
        tell(token, 0);
    }
}

static const struct mf__transfer_events call_events = {
    .may_use = may_use,
    .on_head = on_head,
    .on_body = on_body,
    .on_read = on_read,
    .on_rewind = on_rewind,
    .on_done = on_call_done,
};

/* ---- the question ---------------------------------------------------------------------------------------- */

static int append_encoded(struct mf_buf *out, struct mf_slice text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._*";
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < text.size; i++) {
        bool is_plain = text.data[i] != 0 && strchr(plain, text.data[i]) != NULL;
        rc = is_plain ? mf_buf_append(out, text.data + i, 1) : mf_buf_printf(out, "%%%02X", text.data[i]);
    }
    return rc;
}

static int append_field(struct mf_buf *out, const char *name, struct mf_slice value)
{
    int rc = value.size == 0 ? 0 : mf_buf_printf(out, "&%s=", name);

    return rc < 0 || value.size == 0 ? rc : append_encoded(out, value);
}

static int write_form(struct call *call, const struct mf_secret_oauth2 *oauth2)
{
    struct mf_buf form;
    int rc;

    mf_buf_init(&form, MF_UPSTREAM_TOKEN_BYTES_MAX);
    rc = mf_buf_append_cstr(&form, "grant_type=client_credentials");
    rc = rc < 0 ? rc : append_field(&form, "scope", oauth2->scope);
    rc = rc < 0 ? rc : append_field(&form, "audience", oauth2->audience);
    if (rc == 0 && oauth2->is_in_body) {
        rc = append_field(&form, "client_id", oauth2->client_id);
        rc = rc < 0 ? rc : append_field(&form, "client_secret", oauth2->client_secret);
    }
    rc = rc < 0 ? rc : mf__upload_append(&call->form, mf_buf_peek(&form));
    if (rc == 0) {
        mf__upload_end(&call->form, 0);
    }
    wipe(&form);
    return rc;
}

/* RFC 6749 section 2.3.1: both are form-encoded before they are joined. */
static int write_basic(struct call *call, const struct mf_secret_oauth2 *oauth2)
{
    struct mf_buf pair;
    struct mf_buf value;
    int rc;

    mf_buf_init(&pair, MF_UPSTREAM_TOKEN_BYTES_MAX);
    mf_buf_init(&value, 2 * MF_UPSTREAM_TOKEN_BYTES_MAX);
    rc = append_encoded(&pair, oauth2->client_id);
    rc = rc < 0 ? rc : mf_buf_append_cstr(&pair, ":");
    rc = rc < 0 ? rc : append_encoded(&pair, oauth2->client_secret);
    rc = rc < 0 ? rc : mf_buf_append_cstr(&value, "Basic ");
    rc = rc < 0 ? rc : mf_buf_append_base64(&value, mf_buf_peek(&pair));
    rc = rc < 0
             ? rc
             : mf_http_headers_append(&call->headers, mf_slice_of_cstr("authorization"), mf_buf_peek(&value));
    wipe(&pair);
    wipe(&value);
    return rc;
}

static int write_call(struct call *call, const struct mf_secret_oauth2 *oauth2)
{
    static const char *const headers[][2] = {{"content-type", "application/x-www-form-urlencoded"},
                                             {"accept", "application/json"},
                                             {"accept-encoding", "identity"}};
    int rc = mf__url_parse(oauth2->token_url, &call->url);

    if (rc == 0 && !call->url.is_https && !oauth2->is_http_allowed) {
        rc = MF_E_SECRET_CLEARTEXT;
    }
    rc = rc < 0 ? rc : mf_buf_append_slice(&call->url_text, oauth2->token_url);
    rc = rc < 0 ? rc : mf_buf_append(&call->url_text, "", 1);
    for (size_t i = 0; rc == 0 && i < MF_COUNT_OF(headers); i++) {
        rc = mf_http_headers_append(&call->headers, mf_slice_of_cstr(headers[i][0]),
                                    mf_slice_of_cstr(headers[i][1]));
    }
    rc = rc < 0 ? rc : write_form(call, oauth2);
    return rc < 0 || oauth2->is_in_body ? rc : write_basic(call, oauth2);
}

static void send_call(struct call *call, const struct sockaddr_storage *addresses, size_t count)
{
    struct sockaddr_storage checked[MF_UPSTREAM_ADDRESSES_MAX];
    char partition[32];
    struct mf__transfer_spec spec = {.url = (const char *)call->url_text.data,
                                     .host = call->url.host.text,
                                     .port = call->url.port,
                                     .is_address = call->url.host.kind != MF__HOST_NAME,
                                     .addresses = checked,
                                     .addresses_count = count,
                                     .method = "POST",
                                     .headers = mf_buf_peek(&call->headers),
                                     .has_body = true,
                                     .body_bytes = call->form.bytes.size};
    int rc = 0;

    (void)snprintf(partition, sizeof partition, "token/%llu", (unsigned long long)call->token->serial);
    spec.partition = mf_slice_of_cstr(partition);
    for (size_t i = 0; rc == 0 && i < count; i++) {
        checked[i] = addresses[i];
        mf__set_port(&checked[i], call->url.port);
        rc = may_use(call, (const struct sockaddr *)&checked[i]) ? 0 : MF_E_UPSTREAM_ADDRESS;
    }
    if (rc == 0) {
        rc = mf__transfer_start(call->token->tokens->egress->upstreams, &spec, &call_events, call,
                                &call->transfer);
    }
    if (rc < 0) {
        fail(call, rc, "its server may not be asked");
    }
}

static void on_resolved(void *user, int error, const struct sockaddr_storage *addresses, size_t count)
{
    struct call *call = user;

    call->lookup = NULL;
    if (error < 0) {
        fail(call, error, "its server's name could not be resolved");
    } else {
        send_call(call, addresses, count);
    }
}

static void timer_due(uv_timer_t *timer)
{
    struct call *call = MF_CONTAINER_OF(timer, struct call, timer);

    if (!call->is_begun) {
        struct sockaddr_storage address;
        int rc = 0;
        call->is_begun = true;
        (void)uv_timer_start(&call->timer, timer_due, MF_UPSTREAM_TOKEN_MS, 0);
        if (mf__literal(&call->url.host, &address)) {
            send_call(call, &address, 1);
            return;
        }
        rc = mf__resolve(call->token->tokens->egress->resolver, call->url.host.text, on_resolved, call,
                         &call->lookup);
        if (rc < 0) {
            fail(call, rc, "there is no memory");
        }
        return;
    }
    fail(call, MF_E_UPSTREAM_TIMEOUT, "its server took too long");
}

static int begin(struct token *token, struct mf_secret *secret, const struct mf__rule *rule)
{
    struct call *call = mf_try_alloc(sizeof *call);
    struct mf_secret_oauth2 oauth2;
    int rc = mf_secret_oauth2(secret, &oauth2);

    if (call == NULL || rc < 0) {
        mf_free(call);
        return rc < 0 ? rc : MF_E_NO_MEMORY;
    }
    call->token = token;
    call->secret = mf_secret_ref(secret);
    mf_buf_init(&call->url_text, MF_OUTBOUND_URL_BYTES_MAX + 1);
    mf_buf_init(&call->headers, MF_HEADERS_ENCODED_BYTES_MAX);
    mf_buf_init(&call->answer, MF_UPSTREAM_TOKEN_BYTES_MAX);
    mf__upload_init(&call->form, MF_UPSTREAM_TOKEN_BYTES_MAX);
    (void)uv_timer_init(token->tokens->egress->loop, &call->timer);
    call->timer.data = token->tokens;
    token->tokens->handles++;
    token->call = call;
    call->ranges_count = rule->ranges_count;
    call->ranges = mf_try_alloc((rule->ranges_count + 1) * sizeof *call->ranges);
    rc = call->ranges == NULL ? MF_E_NO_MEMORY : write_call(call, &oauth2);
    if (rc < 0) {
        end_call(call);
        return rc;
    }
    memcpy(call->ranges, rule->ranges, rule->ranges_count * sizeof *call->ranges);
    (void)uv_timer_start(&call->timer, timer_due, 0, 0); /* Not inside this call. */
    return 0;
}

/* ---- the door ------------------------------------------------------------------------------------------------ */

static struct token *find(struct mf__tokens *tokens, uint64_t serial)
{
    MF_LIST_FOR_EACH(link, &tokens->list)
    {
        struct token *token = MF_CONTAINER_OF(link, struct token, link);
        if (token->serial == serial) {
            mf_list_remove(link);
            mf_list_push_back(&tokens->list, link);
            return token;
        }
    }
    return NULL;
}

/* Those that nobody waits for and that were not used for the longest time go. */
static void trim(struct mf__tokens *tokens)
{
    MF_LIST_FOR_EACH(link, &tokens->list)
    {
        struct token *token = MF_CONTAINER_OF(link, struct token, link);
        if (tokens->count < MF_UPSTREAM_TOKENS_MAX) {
            return;
        }
        if (mf_list_is_empty(&token->waits)) {
            drop(token);
        }
    }
}

static struct token *add(struct mf__tokens *tokens, uint64_t serial)
{
    struct token *token = mf_try_alloc(sizeof *token);

    if (token == NULL) {
        return NULL;
    }
    token->tokens = tokens;
    token->serial = serial;
    mf_list_init(&token->waits);
    mf_list_push_back(&tokens->list, &token->link);
    tokens->count++;
    return token;
}

static int wait_for(struct token *token,
                    void (*on_done)(void *user, int error, struct mf_slice token),
                    void *user,
                    struct mf__token_wait **ret_wait)
{
    struct mf__token_wait *wait = mf_try_alloc(sizeof *wait);

    if (wait == NULL) {
        return MF_E_NO_MEMORY;
    }
    wait->on_done = on_done;
    wait->user = user;
    mf_list_push_back(&token->waits, &wait->link);
    *ret_wait = wait;
    return 0;
}

int mf__token_get(struct mf__tokens *tokens,
                  struct mf_secret *secret,
                  const struct mf__rule *rule,
                  void (*on_done)(void *user, int error, struct mf_slice token),
                  void *user,
                  struct mf_slice *ret_token,
                  struct mf__token_wait **ret_wait)
{
    struct token *token = find(tokens, mf_secret_serial(secret));
    uint64_t now_ns = mf_clock_now_ns();
    int rc = 0;

    if (token == NULL) {
        trim(tokens);
        token = add(tokens, mf_secret_serial(secret));
    }
    if (token == NULL) {
        return MF_E_NO_MEMORY;
    }
    if (token->value != NULL && now_ns >= token->ends_ns) {
        forget_value(token);
    }
    bool is_due = token->value == NULL || now_ns >= token->renew_ns;
    bool has_failed = now_ns < token->failed_until_ns;
    if (is_due && token->call == NULL && !has_failed) {
        rc = begin(token, secret, rule);
    }
    if (token->value != NULL) {
        *ret_token = mf_slice_of(token->value, token->value_size);
        return 1;
    }
    if (rc < 0 || has_failed) {
        return rc < 0 ? rc : MF_E_UPSTREAM_TOKEN;
    }
    return wait_for(token, on_done, user, ret_wait);
}

void mf__token_cancel(MF_OWN struct mf__token_wait *wait)
{
    mf_list_remove(&wait->link);
    mf_free(wait);
}

struct mf__tokens *mf__tokens_new(struct mf_egress *egress)
{
    struct mf__tokens *tokens = mf_new(sizeof *tokens);

    tokens->egress = egress;
    mf_list_init(&tokens->list);
    return tokens;
}

void mf__tokens_close(MF_OWN struct mf__tokens *tokens, void (*on_closed)(void *user), void *user)
{
    MF_LIST_FOR_EACH(link, &tokens->list)
    {
        drop(MF_CONTAINER_OF(link, struct token, link));
    }
    tokens->is_closing = true;
    tokens->on_closed = on_closed;
    tokens->user = user;
    finish_close(tokens);
}
