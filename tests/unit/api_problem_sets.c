/* What route.c says of each route's problems, and errors.h of their statuses, is what openapi.json says, both ways. */
#include <stdlib.h>

#include "json.h"
#include "route.c"

#include "check.h"

static cJSON *document;

static void read_document(void)
{
    char path[4096];
    struct mf_buf text;
    char piece[4096];
    size_t size;

    (void)snprintf(path, sizeof path, "%s", __FILE__);
    char *tests = strstr(path, "tests/unit/");
    MF_CHECK(tests != NULL);
    (void)snprintf(tests, sizeof path - (size_t)(tests - path), "src/api/openapi.json");
    FILE *file = fopen(path, "r");
    MF_CHECK(file != NULL);
    mf_buf_init(&text, 16 << 20);
    while ((size = fread(piece, 1, sizeof piece, file)) > 0) {
        MF_CHECK_INT(mf_buf_append(&text, piece, size), 0);
    }
    fclose(file);
    document = cJSON_ParseWithLength((const char *)text.data, text.size);
    MF_CHECK(document != NULL);
    mf_buf_done(&text);
}

static const cJSON *member(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* The document has other names between braces. */
static bool is_same_path(const char *a, const char *b)
{
    while (*a != '\0' && *b != '\0') {
        if (*a == '{' && *b == '{') {
            a = strchr(a, '}');
            b = strchr(b, '}');
        }
        if (*a++ != *b++) {
            return false;
        }
    }
    return *a == *b;
}

/* A route that takes every method has one in the document. */
static const cJSON *operation_of(const struct route *route)
{
    const char *method = strcmp(route->method, "*") == 0 ? "post" : route->method;
    const cJSON *path;

    cJSON_ArrayForEach(path, member(document, "paths"))
    {
        const cJSON *operation = cJSON_GetObjectItem(path, method); /* Of any case. */
        if (is_same_path(route->path, path->string) && operation != NULL) {
            return operation;
        }
    }
    fprintf(stderr, "openapi.json has no %s %s\n", route->method, route->path);
    exit(1);
}

/* |codes|: {"404": ["worker.unknown", ...], ...} */
static bool says(const cJSON *codes, int error)
{
    char status[16];
    const cJSON *one;

    (void)snprintf(status, sizeof status, "%d", mf_error_status(error));
    cJSON_ArrayForEach(one, member(codes, status))
    {
        if (strcmp(one->valuestring, mf_error_code(error)) == 0) {
            return true;
        }
    }
    return false;
}

/* One of |sets| that the document may have under |status|. */
static bool has(uint64_t sets, const char *status, const char *code)
{
    int error;

    for (size_t i = 0; (error = mf__problems_at(sets, i)) != 0; i++) {
        if (strcmp(mf_error_code(error), code) == 0) {
            return mf_error_status(error) == atoi(status);
        }
    }
    return false;
}

static unsigned count_unknown(const struct route *route, const cJSON *codes, const cJSON *common)
{
    const cJSON *list;
    const cJSON *one;
    unsigned faults = 0;

    cJSON_ArrayForEach(list, codes)
    {
        MF_CHECK(cJSON_IsArray(list) && cJSON_GetArraySize(list) > 0);
        cJSON_ArrayForEach(one, list)
        {
            if (!has(route->problems, list->string, one->valuestring) ||
                (common != NULL && has(P(ANY), list->string, one->valuestring))) {
                fprintf(stderr, "%s %s: route.c does not have %s %s, or has it for every route\n", route->method,
                        route->path, list->string, one->valuestring);
                faults++;
            }
        }
    }
    return faults;
}

/* |common|, or NULL: what the document says once for all of them. */
static void compare(const struct route *route, const cJSON *codes, const cJSON *common)
{
    unsigned faults;
    int error;

    MF_CHECK(cJSON_IsObject(codes));
    faults = count_unknown(route, codes, common);
    for (size_t i = 0; (error = mf__problems_at(route->problems, i)) != 0; i++) {
        if (!says(codes, error) && !says(common, error)) {
            fprintf(stderr, "%s %s: openapi.json does not say %d %s\n", route->method, route->path,
                    mf_error_status(error), mf_error_code(error));
            faults++;
        }
    }
    MF_CHECK_INT(faults, 0);
}

static bool is_problem(const cJSON *response)
{
    const cJSON *to = member(response, "$ref");

    return to != NULL && strcmp(to->valuestring, "#/components/responses/Problem") == 0;
}

/* Each status that it has codes for, and no other, is a response of its own that is a problem. Not where a worker answers. */
static void compare_statuses(const struct route *route, const cJSON *operation)
{
    const cJSON *codes = member(operation, "x-problem-codes");
    const cJSON *responses = member(operation, "responses");
    const cJSON *one;

    if (!is_problem(member(responses, "default"))) {
        MF_CHECK(strstr(route->path, "/fetch") != NULL);
        return;
    }
    cJSON_ArrayForEach(one, codes)
    {
        MF_CHECK(is_problem(member(responses, one->string)));
    }
    cJSON_ArrayForEach(one, responses)
    {
        MF_CHECK(atoi(one->string) < 400 || member(codes, one->string) != NULL);
    }
}

static void each_route_as_in_the_document(void)
{
    const struct route every = {.method = "every", .path = "route", .problems = P(ANY)};
    const cJSON *responses = member(member(document, "components"), "responses");
    const cJSON *common = member(member(responses, "Problem"), "x-problem-codes");

    compare(&every, common, NULL);
    for (size_t i = 0; i < MF_COUNT_OF(routes); i++) {
        MF_CHECK((routes[i].problems & P(ANY)) != 0);
        compare(&routes[i], member(operation_of(&routes[i]), "x-problem-codes"), common);
        compare_statuses(&routes[i], operation_of(&routes[i]));
    }
}

static void a_set_has_what_it_names(void)
{
    MF_CHECK(mf__problems_have(P(WORKER), MF_E_WORKER_UNKNOWN));
    MF_CHECK(!mf__problems_have(P(WORKER), MF_E_WORKER_VERSION));
    MF_CHECK(mf__problems_have(P(WORKER) | P(VERSION), MF_E_WORKER_VERSION));
    MF_CHECK(!mf__problems_have(0, MF_E_INTERNAL));
    MF_CHECK_INT(mf__problems_at(P(WORKER), 1), 0);
}

int main(void)
{
    read_document();
    MF_RUN(a_set_has_what_it_names);
    MF_RUN(each_route_as_in_the_document);
    cJSON_Delete(document);
    return 0;
}
