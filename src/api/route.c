/* route.c - which function answers which resource. One table; the checks that come before every one of them. */
#include <stdio.h>

#include "internal.h"

struct route {
    const char *path;
    const char *method;
    void (*handle)(struct mf_api *api, struct mf_exchange *exchange);
};

static const struct route routes[] = {
    {"/v1/run", "POST", mf__run_post},
    {"/healthz", "GET", mf__health_get},
    {"/readyz", "GET", mf__ready_get},
    {"/openapi.json", "GET", mf__openapi_get},
};

static bool method_fits(const struct route *route, struct mf_slice method)
{
    if (mf_slice_equal_cstr(method, route->method)) {
        return true;
    }
    /* HEAD is GET without the body; the server leaves it out. */
    return mf_slice_equal_cstr(method, "HEAD") && strcmp(route->method, "GET") == 0;
}

static void refuse_method(struct mf_exchange *exchange, struct mf_slice path)
{
    char allow[128] = "";
    struct mf__problem problem = {.error = MF_E_API_METHOD, .allow = allow};

    for (size_t i = 0; i < MF_COUNT_OF(routes); i++) {
        if (mf_slice_equal_cstr(path, routes[i].path)) {
            size_t used = strlen(allow);
            (void)snprintf(allow + used, sizeof allow - used, "%s%s%s", used == 0 ? "" : ", ",
                           routes[i].method, strcmp(routes[i].method, "GET") == 0 ? ", HEAD" : "");
        }
    }
    mf__problem_reply(exchange, &problem);
}

void mf_api_on_request(void *user, struct mf_exchange *exchange)
{
    struct mf_api *api = user;
    const struct mf_request *request = mf_exchange_request(exchange);
    bool is_known = false;
    int rc = mf__guard_check(api->config, request);

    if (rc < 0) {
        mf__problem_reply_error(exchange, rc);
        return;
    }
    for (size_t i = 0; i < MF_COUNT_OF(routes); i++) {
        if (!mf_slice_equal_cstr(request->path, routes[i].path)) {
            continue;
        }
        is_known = true;
        if (method_fits(&routes[i], request->method)) {
            routes[i].handle(api, exchange);
            return;
        }
    }
    if (is_known) {
        refuse_method(exchange, request->path);
    } else {
        mf__problem_reply_error(exchange, MF_E_API_ROUTE);
    }
}
