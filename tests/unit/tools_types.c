/* Declarations of tools: their form, names, searches, and what hostile schemas cannot do. */
#include <mayfly/tools.h>

#include <time.h>

#include "check.h"
#include "tools_lexer.h"

struct answer {
    int rc;
    char *text; /* The declarations, or why there are none. */
    cJSON *json;
    char param[64];
};

static struct answer ask(const char *body, const char *search, size_t count_max, bool is_index)
{
    cJSON *root = cJSON_Parse(body);
    struct mf_tools_request request = {.namespaces = cJSON_GetObjectItemCaseSensitive(root, "namespaces"),
                                       .pick = cJSON_GetObjectItemCaseSensitive(root, "only"),
                                       .search = mf_slice_of_cstr(search),
                                       .count_max = count_max,
                                       .is_index = is_index};
    struct answer answer = {0};
    struct mf_tools_fault fault;
    struct mf_buf out;

    MF_CHECK(root != NULL);
    mf_buf_init(&out, MF_TOOLS_ANSWER_BYTES_MAX);
    mf_tools_fault_init(&fault);
    answer.rc = mf_tools_write(&request, &out, &fault);
    if (answer.rc == 0) {
        answer.json = cJSON_ParseWithLength((const char *)out.data, out.size);
        MF_CHECK(answer.json != NULL);
        answer.text = strdup(cJSON_GetObjectItemCaseSensitive(answer.json, "types")->valuestring);
        MF_CHECK(lexer_is_whole(mf_slice_of_cstr(answer.text)));
    } else {
        answer.text = strndup(fault.why.data == NULL ? "" : (const char *)fault.why.data, fault.why.size);
        snprintf(answer.param, sizeof answer.param, "%.*s", (int)fault.param.size,
                 (const char *)fault.param.data);
    }
    mf_tools_fault_done(&fault);
    mf_buf_done(&out);
    cJSON_Delete(root);
    return answer;
}

static void done(struct answer *answer)
{
    free(answer->text);
    cJSON_Delete(answer->json);
}

/* The type that |schema| becomes, as the input of a tool. */
static void check_type(const char *schema, const char *expected)
{
    char body[4096];
    struct answer answer;
    const char *begin;
    const char *end;

    snprintf(body, sizeof body, "{\"namespaces\":[{\"name\":\"n\",\"tools\":{\"t\":{\"inputSchema\":%s}}}]}",
             schema);
    answer = ask(body, "", 10, false);
    MF_CHECK_INT(answer.rc, 0);
    begin = strstr(answer.text, "type TInput = ");
    end = strstr(answer.text, "\ntype TOutput = unknown\n");
    MF_CHECK(begin != NULL && end != NULL);
    begin += strlen("type TInput = ");
    MF_CHECK_TEXT(mf_slice_of(begin, (size_t)(end - begin)), expected);
    done(&answer);
}

static void test_scalars(void)
{
    check_type("{\"type\":\"string\"}", "string");
    check_type("{\"type\":\"integer\"}", "number");
    check_type("{\"type\":[\"string\",\"null\"]}", "string | null");
    check_type("{\"type\":\"string\",\"nullable\":true}", "string | null");
    check_type("{}", "unknown");
    check_type("true", "unknown");
    check_type("false", "never");
    check_type("{\"type\":\"what\"}", "unknown");
    check_type("{\"enum\":[\"a\",1,null,true,{\"b\":[-2.5]}]}", "\"a\" | 1 | null | true | {\"b\":[-2.5]}");
    check_type("{\"enum\":[]}", "never");
    check_type("{\"const\":0.1}", "0.1");
    check_type("{\"const\":12345678901234567}", "12345678901234568");
    check_type("{\"const\":1e999}", "number");
    check_type("{\"const\":\"a\\\"\\\\\\n\\u2028\\u0001\"}", "\"a\\\"\\\\\\n\\u2028\\u0001\"");
}

static void test_arrays(void)
{
    check_type("{\"type\":\"array\"}", "unknown[]");
    check_type("{\"type\":\"array\",\"items\":{\"type\":\"string\"}}", "string[]");
    check_type("{\"items\":{\"type\":\"string\"}}", "string[]");
    check_type("{\"type\":\"array\",\"items\":{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]}}",
               "(string | null)[]");
    check_type("{\"type\":\"array\",\"items\":{\"type\":\"string\",\"nullable\":true}}", "(string | null)[]");
    check_type("{\"type\":\"array\",\"prefixItems\":[{\"type\":\"string\"},{\"type\":\"number\"}]}",
               "[string, number]");
    check_type("{\"type\":[\"array\",\"null\"],\"items\":{\"type\":\"number\"}}", "number[] | null");
}

static void test_combinations(void)
{
    check_type("{\"oneOf\":[{\"type\":\"string\"},{\"type\":\"number\"}]}", "string | number");
    check_type("{\"allOf\":[{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"number\"}]},{\"const\":1}]}",
               "(string | number) & 1");
    check_type("{\"anyOf\":[]}", "unknown");
    check_type("{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}},\"anyOf\":[{\"required\":["
               "\"a\"]},{\"required\":[]}]}",
               "{\n    a?: string;\n}");
    check_type("{\"properties\":{\"a\":{\"type\":\"string\"}},\"oneOf\":[{\"const\":1},{\"const\":2}]}",
               "{\n    a?: string;\n} & (1 | 2)");
}

static void test_objects(void)
{
    check_type("{\"type\":\"object\"}", "Record<string, unknown>");
    check_type("{\"type\":\"object\",\"additionalProperties\":false}", "{}");
    check_type("{\"type\":\"object\",\"additionalProperties\":{\"type\":\"number\"}}",
               "{\n    [key: string]: number;\n}");
    check_type("{\"type\":\"object\",\"properties\":{\"a-b\":{\"type\":\"string\",\"description\":\"D\","
               "\"format\":\"f\"},"
               "\"c\":true},\"required\":[\"c\"],\"additionalProperties\":{\"type\":\"number\"}}",
               "{\n    /**\n     * D\n     * @format f\n     */\n    \"a-b\"?: string;\n    c: unknown;\n"
               "    /** others: number */\n    [key: string]: unknown;\n}");
    /* A name twice: one property. */
    check_type("{\"properties\":{\"a\":{\"type\":\"string\"},\"a\":{\"type\":\"number\"}}}",
               "{\n    a?: string;\n}");
}

static void test_references(void)
{
    check_type("{\"$ref\":\"#/$defs/a~1b%20c/0\",\"$defs\":{\"a/b c\":[{\"type\":\"string\"}]}}", "string");
    check_type("{\"$ref\":\"https://example.com/\"}", "unknown");
    check_type("{\"$ref\":\"#/nowhere\"}", "unknown");
    check_type("{\"$ref\":1}", "unknown");
    check_type("{\"$ref\":\"#\"}", "unknown");
    check_type("{\"properties\":{\"next\":{\"$ref\":\"#\"}}}", "{\n    next?: unknown;\n}");
    check_type("{\"$ref\":\"#/a\",\"a\":{\"$ref\":\"#/b\"},\"b\":{\"$ref\":\"#/a\"}}", "unknown");
}

/* Whole, and no line is longer than the longest comment. */
static void test_breaking_out(void)
{
    struct answer answer = ask("{\"namespaces\":[{\"name\":\"n\",\"tools\":{\"*/ evil(); "
                               "/*\":{\"description\":\"a */ evil(); /*\\u2028\\nb *\","
                               "\"inputSchema\":{\"properties\":{\"*/\":{\"description\":\"*/"
                               "\",\"format\":\"*//\"},\"/\":{\"description\":\"//*/\"}}}}}}]}",
                               "", 10, false);

    MF_CHECK_INT(answer.rc, 0);
    MF_CHECK(strstr(answer.text, "\t * a *\\/ evil(); /*  b *\n") != NULL);
    MF_CHECK(strstr(answer.text, "\t_evil_: (input: Evil_Input)") != NULL);
    MF_CHECK(strstr(answer.text, "\"*/\"?: unknown;") != NULL);
    done(&answer);
    answer =
        ask("{\"namespaces\":[{\"name\":\"n\",\"tools\":{\"a\":{\"description\":\"x\\u2028evil();\"}}}]}", "",
            10, true);
    MF_CHECK_TEXT(mf_slice_of_cstr(answer.text), "// n.a: x evil();\n");
    done(&answer);
}

static void test_names(void)
{
    struct answer answer = ask("{\"namespaces\":[{\"name\":\"n\",\"tools\":{\"list-issues\":{},\"1.a\":{},"
                               "\"delete\":{},\"\xc3\xa4\":{},\"listIssues\":{}}},"
                               "{\"name\":\"m\",\"mcp\":[{\"name\":\"list_issues\"}]}]}",
                               "", 10, false);

    MF_CHECK_INT(answer.rc, 0);
    MF_CHECK(strstr(answer.text, "\tlist_issues: (input: ListIssuesInput) => Promise<ListIssuesOutput>;\n") !=
             NULL);
    MF_CHECK(strstr(answer.text, "\t_1_a: (input: _1AInput)") != NULL);
    MF_CHECK(strstr(answer.text, "\tdelete_: (input: Delete_Input)") != NULL);
    MF_CHECK(strstr(answer.text, "\t_: (input: _Input)") != NULL);
    /* One type a name, in all of the answer. */
    MF_CHECK(strstr(answer.text, "\tlistIssues: (input: NListIssuesInput)") != NULL);
    MF_CHECK(
        strstr(
            answer.text,
            "declare const m: {\n\t/**\n\t * list_issues\n\t */\n\tlist_issues: (input: MListIssuesInput)") !=
        NULL);
    done(&answer);
}

static void check_refused(const char *body, const char *param, const char *why)
{
    struct answer answer = ask(body, "", 10, false);

    MF_CHECK_INT(answer.rc, MF_E_API_FIELD);
    MF_CHECK_TEXT(mf_slice_of_cstr(answer.param), param);
    MF_CHECK(strstr(answer.text, why) != NULL);
    done(&answer);
}

static void test_refused(void)
{
    check_refused("{\"namespaces\":[]}", "/namespaces", "1 to 256");
    check_refused("{\"namespaces\":[{\"name\":\"a b\",\"tools\":{}}]}", "/namespaces/0/name", "identifier");
    check_refused("{\"namespaces\":[{\"name\":\"class\",\"tools\":{}}]}", "/namespaces/0/name", "identifier");
    check_refused("{\"namespaces\":[{\"name\":\"a\",\"tools\":{}},{\"name\":\"a\",\"tools\":{}}]}",
                  "/namespaces/1/name", "twice");
    check_refused("{\"namespaces\":[{\"name\":\"a\"}]}", "/namespaces/0", "one of");
    check_refused("{\"namespaces\":[{\"name\":\"a\",\"tools\":{},\"mcp\":[]}]}", "/namespaces/0", "one of");
    check_refused("{\"namespaces\":[{\"name\":\"a\",\"mcp\":[1]}]}", "/namespaces/0/mcp", "name");
    check_refused("{\"namespaces\":[{\"name\":\"a\",\"openapi\":{}}]}", "/namespaces/0/openapi", "paths");
    check_refused("{\"namespaces\":[{\"name\":\"p\",\"tools\":{\"a-b\":{},\"a_b\":{}}}]}", "/namespaces/0",
                  "Tool names \"a-b\" and \"a_b\" both sanitize to \"a_b\" in provider \"p\"");
    check_refused("{\"namespaces\":[{\"name\":\"a\",\"tools\":{\"b\":{}}}],\"only\":[\"a.b\",\"a.c\"]}",
                  "/only/1", "a.c");
}

static const char pets[] = "{\"namespaces\":[{\"name\":\"pets\",\"openapi\":{\"paths\":{\"/pets/{id}\":{"
                           "\"parameters\":[{\"$ref\":\"#/components/parameters/"
                           "Id\"},{\"name\":\"q\",\"in\":\"query\",\"schema\":{\"type\":\"string\"}}],"
                           "\"get\":{\"operationId\":\"get-pet\",\"summary\":\"One "
                           "pet\",\"responses\":{\"404\":{},\"200\":{\"content\":{\"application/"
                           "json\":{\"schema\":{\"type\":\"boolean\"}}}}}},"
                           "\"put\":{\"operationId\":\"get_pet\"},"
                           "\"post\":{\"parameters\":[{\"name\":\"q\",\"in\":\"query\",\"schema\":{\"type\":"
                           "\"number\"},\"description\":\"Q\"}],"
                           "\"requestBody\":{\"required\":true,\"content\":{\"text/plain\":{},\"application/"
                           "merge+json\":{\"schema\":{\"type\":\"string\"}}}}}}},"
                           "\"components\":{\"parameters\":{\"Id\":{\"name\":\"id\",\"in\":\"path\","
                           "\"schema\":{\"type\":\"integer\"},\"description\":\"Which\"}}}}}]}";

static void test_openapi(void)
{
    struct answer answer = ask(pets, "", 10, false);

    MF_CHECK_INT(answer.rc, 0);
    MF_CHECK(strstr(answer.text, "type GetPetInput = {\n    /** Which */\n    id: number;\n    q?: "
                                 "string;\n}\ntype GetPetOutput = boolean\n") != NULL);
    MF_CHECK(strstr(answer.text, "type PostPetsidInput = {\n    /** Q */\n    q?: number;\n    /** Which "
                                 "*/\n    id: number;\n    body: string;\n}\n") != NULL);
    MF_CHECK(
        strstr(answer.text,
               "\t/**\n\t * One pet\n\t * @param input.id - Which\n\t */\n\tget_pet: (input: GetPetInput)") !=
        NULL);
    MF_CHECK(strstr(answer.text, "\tget_pet_2: (input: GetPet_2Input)") != NULL);
    MF_CHECK(strstr(answer.text, "\t * POST /pets/{id}\n") != NULL);
    const cJSON *first = cJSON_GetObjectItemCaseSensitive(answer.json, "tools")->child;
    MF_CHECK(strcmp(cJSON_GetObjectItemCaseSensitive(first, "method")->valuestring, "get") == 0);
    MF_CHECK(strcmp(cJSON_GetObjectItemCaseSensitive(first, "path")->valuestring, "/pets/{id}") == 0);
    done(&answer);
}

static const char *first_name(const struct answer *answer)
{
    const cJSON *first = cJSON_GetObjectItemCaseSensitive(answer->json, "tools")->child;

    return first == NULL ? "" : cJSON_GetObjectItemCaseSensitive(first, "name")->valuestring;
}

static void check_search(const char *words, const char *first, int total)
{
    static const char body[] =
        "{\"namespaces\":[{\"name\":\"github\",\"tools\":{\"listIssues\":{\"description\":\"All issues of a "
        "repository\"},"
        "\"create_issue\":{\"description\":\"Opens one\"},\"star\":{\"description\":\"Gives a star. Lists "
        "nothing.\"}}},"
        "{\"name\":\"mail\",\"tools\":{\"send\":{\"description\":\"Sends one issue of a letter\"}}}]}";
    struct answer answer = ask(body, words, 2, false);

    MF_CHECK_INT(answer.rc, 0);
    MF_CHECK(strcmp(first_name(&answer), first) == 0);
    MF_CHECK_INT(cJSON_GetObjectItemCaseSensitive(answer.json, "total")->valueint, total);
    MF_CHECK_INT(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer.json, "truncated")), total > 2);
    done(&answer);
}

static void test_search(void)
{
    check_search("list issues", "listIssues", 1);
    check_search("LIST_ISSUES", "listIssues", 1);
    check_search("issue", "create_issue", 3);
    check_search("github", "listIssues", 3);
    check_search("mail.send", "send", 1);
    check_search("volcano", "", 0);
    check_search("...", "", 0);
}

static void test_only(void)
{
    struct answer answer = ask("{\"namespaces\":[{\"name\":\"a\",\"tools\":{\"b\":{},\"c\":{}}},{\"name\":"
                               "\"d\",\"tools\":{\"e\":{},\"f\":{}}}],"
                               "\"only\":[\"a\",\"d.f\"]}",
                               "", 10, true);

    MF_CHECK_TEXT(mf_slice_of_cstr(answer.text), "// a.b\n// a.c\n// d.f\n");
    done(&answer);
}

/* Each level refers to the next twice: 2^20 types, were they all written. */
static void test_doubling(void)
{
    struct mf_buf body;
    struct answer answer;

    mf_buf_init(&body, 1048576);
    MF_CHECK_INT(
        mf_buf_append_cstr(
            &body, "{\"namespaces\":[{\"name\":\"n\",\"tools\":{\"t\":{\"inputSchema\":{\"$ref\":\"#/d0\""),
        0);
    for (int i = 0; i < 20; i++) {
        MF_CHECK_INT(mf_buf_printf(&body, ",\"d%d\":{\"anyOf\":[{\"$ref\":\"#/d%d\"},{\"$ref\":\"#/d%d\"}]}",
                                   i, i + 1, i + 1),
                     0);
    }
    MF_CHECK_INT(mf_buf_append(&body, "}}}}]}", 7), 0);
    answer = ask((const char *)body.data, "", 10, false);
    MF_CHECK_INT(answer.rc, 0);
    MF_CHECK(strlen(answer.text) < MF_TOOLS_TYPE_BYTES_MAX * 2);
    done(&answer);
    mf_buf_done(&body);
}

/* A union and an object of 100,000; both end early and whole. */
static void test_giants(void)
{
    struct mf_buf body;
    struct answer answer;

    mf_buf_init(&body, 16777216);
    MF_CHECK_INT(
        mf_buf_append_cstr(
            &body, "{\"namespaces\":[{\"name\":\"n\",\"tools\":{\"t\":{\"inputSchema\":{\"properties\":{"),
        0);
    for (int i = 0; i < 100000; i++) {
        MF_CHECK_INT(mf_buf_printf(&body, "\"p%d\":{},", i), 0);
    }
    MF_CHECK_INT(mf_buf_append_cstr(&body, "\"z\":{}}},\"outputSchema\":{\"enum\":[0"), 0);
    for (int i = 0; i < 100000; i++) {
        MF_CHECK_INT(mf_buf_printf(&body, ",%d", i), 0);
    }
    MF_CHECK_INT(mf_buf_append(&body, "]}}}}]}", 8), 0);
    answer = ask((const char *)body.data, "", 10, false);
    MF_CHECK_INT(answer.rc, 0);
    MF_CHECK(strstr(answer.text, "    [key: string]: unknown;\n}") != NULL);
    MF_CHECK(strstr(answer.text, " | unknown\n") != NULL);
    MF_CHECK(strlen(answer.text) < MF_TOOLS_TYPE_BYTES_MAX * 2 + 1024);
    done(&answer);
    mf_buf_done(&body);
}

int main(void)
{
    MF_RUN(test_scalars);
    MF_RUN(test_arrays);
    MF_RUN(test_combinations);
    MF_RUN(test_objects);
    MF_RUN(test_references);
    MF_RUN(test_breaking_out);
    MF_RUN(test_names);
    MF_RUN(test_refused);
    MF_RUN(test_openapi);
    MF_RUN(test_search);
    MF_RUN(test_only);
    MF_RUN(test_doubling);
    MF_RUN(test_giants);
    return 0;
}
