/* What POST /v1/run refuses, with Cloudflare's own texts, and what it makes of a valid call. */
#include <mayfly/api.h>
#include <mayfly/wire.h>

#include "call.h"
#include "check.h"

static struct mf_config config;
static struct mf__call call;
static struct mf__call_fault fault;

static int read_json(const char *json)
{
    mf__call_done(&call);
    mf__call_fault_done(&fault);
    mf__call_init(&call, &config);
    mf__call_fault_init(&fault);
    return mf__call_read_json(&call, &config, mf_slice_of_cstr(json), &fault);
}

/* The body of the first part of |kind|. */
static struct mf_slice part(enum mf_part_kind kind)
{
    struct mf_part found;
    size_t cursor = 0;

    while (mf_bundle_next(mf_buf_peek(&call.bundle), &cursor, &found) > 0) {
        if (found.kind == kind) {
            return found.body;
        }
    }
    return mf_slice_of_cstr("(none)");
}

#define CODE(rest) "{\"code\":{\"compatibilityDate\":\"2026-09-01\"," rest "}}"
#define REFUSED(json_, error_, param_, why_)                                                                 \
    do {                                                                                                     \
        MF_CHECK_INT(read_json(json_), error_);                                                              \
        MF_CHECK_TEXT(mf_buf_peek(&fault.param), param_);                                                    \
        MF_CHECK_TEXT(mf_buf_peek(&fault.why), why_);                                                        \
    } while (0)

static void reads_a_whole_call(void)
{
    int rc = read_json(
        "{\"code\":{\"mainModule\":\"main.js\",\"modules\":{\"main.js\":\"export default "
        "{}\",\"a.bin\":{\"data\":"
        "\"AAEC\"},\"b.json\":{\"json\":{\"x\":[1,null]}},\"c.txt\":{\"text\":\"hi\"},\"d.cjs\":{\"cjs\":"
        "\"1\"},"
        "\"e.ts\":{\"ts\":\"let a: number\"}},\"compatibilityDate\":\"2026-09-01\",\"compatibilityFlags\":"
        "[\"nodejs_compat\"],\"env\":{\"NAME\":\"x\"},\"limits\":{\"cpuMs\":50,\"subRequests\":7},"
        "\"globalOutbound\":null},\"request\":{\"method\":\"POST\",\"url\":\"https://example.com/"
        "a\",\"headers\":"
        "{\"X-A\":\"\\u00e9\"},\"body\":\"b\\u00f6dy\"},\"entrypoint\":\"other\",\"props\":{\"p\":1},"
        "\"limits\":{\"wallMs\":100,\"memoryMb\":16}}");
    MF_CHECK_INT(rc, 0);
    MF_CHECK_TEXT(part(MF_PART_ESM), "export default {}");
    MF_CHECK(mf_slice_equal(part(MF_PART_DATA), mf_slice_of("\0\1\2", 3)));
    MF_CHECK_TEXT(part(MF_PART_JSON), "{\"x\":[1,null]}");
    MF_CHECK_TEXT(part(MF_PART_TEXT), "hi");
    MF_CHECK_TEXT(part(MF_PART_CJS), "1");
    MF_CHECK_TEXT(part(MF_PART_TYPESCRIPT), "let a: number");
    MF_CHECK_TEXT(part(MF_PART_MAIN), "main.js");
    MF_CHECK_TEXT(part(MF_PART_ENTRYPOINT), "other");
    MF_CHECK_TEXT(part(MF_PART_ENV), "{\"NAME\":\"x\"}");
    MF_CHECK_TEXT(part(MF_PART_PROPS), "{\"p\":1}");
    MF_CHECK_TEXT(part(MF_PART_METHOD), "POST");
    MF_CHECK_TEXT(part(MF_PART_URL), "https://example.com/a");
    MF_CHECK_TEXT(part(MF_PART_DATE), "2026-09-01");
    MF_CHECK_TEXT(part(MF_PART_FLAGS), "[\"nodejs_compat\"]");
    MF_CHECK(mf_slice_equal(part(MF_PART_HEADERS), mf_slice_of("X-A\0\xe9\0", 6)));
    MF_CHECK_TEXT(mf_buf_peek(&call.body), "b\xc3\xb6"
                                           "dy");
    MF_CHECK(call.has_body);
    MF_CHECK_INT(call.cpu_ms, 50);
    MF_CHECK_INT(call.subrequests, 7);
    MF_CHECK_INT(call.wall_ms, 100);
    MF_CHECK_INT(call.memory_mb, 16);
}

static void refuses_as_cloudflare_does(void)
{
    REFUSED(CODE("\"mainModule\":\"m.js\",\"modules\":{}"), MF_E_API_CODE, "/code/modules",
            "Dynamic Worker code must contain at least one module.");
    REFUSED(CODE("\"mainModule\":\"m\",\"modules\":{\"m\":\"\"}"), MF_E_API_CODE, "/code/modules/m",
            "Module name must end with '.js' or '.py' (or the content must be an object indicating the type "
            "explicitly). Got: m");
    REFUSED(CODE("\"mainModule\":\"m.ts\",\"modules\":{\"m.ts\":\"\"}"), MF_E_API_CODE, "/code/modules/m.ts",
            "Module name must end with '.js' or '.py' (or the content must be an object indicating the type "
            "explicitly). Got: m.ts. "
            "If you're trying to load TypeScript, bundle it first with '@cloudflare/worker-bundler' and pass "
            "the generated JavaScript "
            "modules.");
    REFUSED(CODE("\"mainModule\":\"m.js\",\"modules\":{\"m.js\":{\"js\":\"\",\"text\":\"\"}}"), MF_E_API_CODE,
            "/code/modules/m.js",
            "Each module must contain exactly one of 'js', 'cjs', 'text', 'data', 'json', 'py', or 'wasm'. "
            "Module 'm.js' contained 2 "
            "properties.");
    REFUSED(CODE("\"mainModule\":\"m.js\",\"modules\":{\"m.js\":\"\",\"p.py\":\"\"}"), MF_E_API_CODE,
            "/code/modules/p.py",
            "Module \"p.py\" is a Python module, but the main module isn't a Python module.");
    REFUSED(CODE("\"mainModule\":\"x.js\",\"modules\":{\"m.js\":\"\"}"), MF_E_API_CODE, "/code/modules",
            "Failed to start Worker:\nUncaught TypeError: Main module name is not present in bundle.");
    REFUSED("{\"code\":{\"mainModule\":\"m.js\",\"modules\":{\"m.js\":\"\"}}}", MF_E_API_CODE,
            "/code/compatibilityDate", "Invalid compatibility date: undefined");
    REFUSED("{\"code\":{\"compatibilityDate\":null,\"mainModule\":\"m.js\",\"modules\":{\"m.js\":\"\"}}}",
            MF_E_API_CODE, "/code/compatibilityDate", "Invalid compatibility date: null");
    REFUSED("{\"code\":{\"compatibilityDate\":20260101,\"mainModule\":\"m.js\",\"modules\":{\"m.js\":\"\"}}}",
            MF_E_API_CODE, "/code/compatibilityDate", "Invalid compatibility date: 20260101");
    REFUSED(CODE("\"compatibilityFlags\":[\"nope\"],\"mainModule\":\"m.js\",\"modules\":{\"m.js\":\"\"}"),
            MF_E_API_CODE, "/code/compatibilityFlags", "No such compatibility flag: nope");
    REFUSED(CODE("\"allowExperimental\":true,\"mainModule\":\"m.js\",\"modules\":{\"m.js\":\"\"}"),
            MF_E_API_CODE, "/code/allowExperimental",
            "'allowExperimental' is only allowed when the calling worker has the 'experimental' compat flag "
            "set.");
    config.code_bytes_max = 10;
    REFUSED(CODE("\"mainModule\":\"m.js\",\"modules\":{\"m.js\":\"12345678901\"}"), MF_E_API_CODE,
            "/code/modules",
            "Dynamic Worker code size (11 bytes) exceeds the maximum allowed size of 10 bytes.");
    config.code_bytes_max = MF_CODE_BYTES_MAX;
    config.env_bytes_max = 10;
    REFUSED(CODE("\"env\":{\"a\":\"12345\"},\"mainModule\":\"m.js\",\"modules\":{\"m.js\":\"\"}"),
            MF_E_API_CODE, "/code/env",
            "Dynamic Worker env size (13 bytes) exceeds the maximum allowed size of 10 bytes.");
    config.env_bytes_max = MF_ENV_BYTES_MAX;
}

static void names_the_field_at_fault(void)
{
    REFUSED("{", MF_E_API_JSON, "", "The body is not valid JSON, at byte 0.");
    REFUSED("{} x", MF_E_API_JSON, "", "Something follows the JSON value, at byte 3.");
    REFUSED("{\"a\":\"\\u0000\"}", MF_E_API_JSON, "",
            "NUL (\\u0000) is not supported in strings, at byte 6.");
    REFUSED("{\"a\":\"\xff\"}", MF_E_API_JSON, "", "The body is not valid UTF-8.");
    REFUSED("[]", MF_E_API_FIELD, "", "The body must be an object.");
    REFUSED("{}", MF_E_API_FIELD, "/code", "/code is missing.");
    REFUSED("{\"code\":1}", MF_E_API_FIELD, "/code", "/code must be an object.");
    REFUSED("{\"what\":1}", MF_E_API_FIELD, "/what", "/what is not a field that is known here.");
    REFUSED("{\"props\":1,\"props\":2}", MF_E_API_FIELD, "/props", "/props stands there twice.");
    REFUSED(CODE("\"mainModule\":\"m.js\",\"modules\":{\"m.js\":\"\"},\"limits\":{\"cpuMs\":1.5}"),
            MF_E_API_FIELD, "/code/limits/cpuMs", "/code/limits/cpuMs must be a whole number.");
    REFUSED(CODE("\"mainModule\":\"m.js\",\"modules\":{\"m.js\":\"\"},\"limits\":{\"cpuMs\":300001}"),
            MF_E_API_FIELD, "/code/limits/cpuMs", "/code/limits/cpuMs must be from 1 to 300000.");
    MF_CHECK_INT(read_json(CODE("\"mainModule\":\"m.js\",\"modules\":{\"m.js\":\"\",\"m.js\":\"\"}")),
                 MF_E_API_CODE);
    MF_CHECK_INT(read_json(CODE("\"mainModule\":\"m.js\",\"modules\":{\"m.js\":{\"data\":\"%%\"}}")),
                 MF_E_API_CODE);
}

static void keeps_depth_bounded(void)
{
    char deep[2 * MF_JSON_DEPTH_MAX + 16];

    memset(deep, '[', MF_JSON_DEPTH_MAX + 1);
    deep[MF_JSON_DEPTH_MAX + 1] = '\0';
    REFUSED(deep, MF_E_API_JSON, "", "The body nests deeper than 200 levels.");
}

static void lower_limit_wins(void)
{
    MF_CHECK_INT(read_json("{\"code\":{\"compatibilityDate\":\"2026-09-01\",\"mainModule\":\"m.js\","
                           "\"modules\":{\"m.js\":\"\"},"
                           "\"limits\":{\"cpuMs\":50}},\"limits\":{\"cpuMs\":70}}"),
                 0);
    MF_CHECK_INT(call.cpu_ms, 50);
    /* Also where the first one asks for just the default. */
    MF_CHECK_INT(read_json("{\"code\":{\"compatibilityDate\":\"2026-09-01\",\"mainModule\":\"m.js\","
                           "\"modules\":{\"m.js\":\"\"},"
                           "\"limits\":{\"cpuMs\":30000}},\"limits\":{\"cpuMs\":60000,\"wallMs\":90000}}"),
                 0);
    MF_CHECK_INT(call.cpu_ms, 30000);
    MF_CHECK_INT(call.wall_ms, 90000);
}

static void checks_the_request(void)
{
#define REQUEST(rest)                                                                                        \
    "{\"code\":{\"compatibilityDate\":\"2026-09-01\",\"mainModule\":\"m.js\",\"modules\":{\"m.js\":\"\"}},"  \
    "\"request\":{" rest "}}"
    MF_CHECK_INT(read_json(REQUEST("\"method\":\"G T\"")), MF_E_API_FIELD);
    MF_CHECK_INT(read_json(REQUEST("\"url\":\"/relative\"")), MF_E_API_FIELD);
    MF_CHECK_INT(read_json(REQUEST("\"headers\":{\"a\":\"b\\r\\nc: d\"}")), MF_E_API_FIELD);
    MF_CHECK_INT(read_json(REQUEST("\"headers\":{\"a\":\"\\u20ac\"}")), MF_E_API_FIELD);
    MF_CHECK_INT(read_json(REQUEST("\"headers\":[[\"a\"]]")), MF_E_API_FIELD);
    MF_CHECK_INT(read_json(REQUEST("\"headers\":[1]")), MF_E_API_FIELD);
    MF_CHECK_INT(read_json(REQUEST("\"body\":\"x\"")), MF_E_API_FIELD);
    MF_CHECK_INT(read_json(REQUEST("\"method\":\"PUT\",\"body\":\"x\",\"bodyBase64\":\"eA==\"")),
                 MF_E_API_FIELD);
    MF_CHECK_INT(read_json(REQUEST("\"method\":\"PUT\",\"bodyBase64\":\"eA==\"")), 0);
    MF_CHECK_TEXT(mf_buf_peek(&call.body), "x");
}

int main(void)
{
    config.cpu_ms = (struct mf_limit){MF_RUN_CPU_MS_DEFAULT, MF_RUN_CPU_MS_MAX};
    config.wall_ms = (struct mf_limit){MF_RUN_WALL_MS_DEFAULT, MF_RUN_WALL_MS_MAX};
    config.memory_mb = (struct mf_limit){MF_RUN_MEMORY_MB_DEFAULT, MF_RUN_MEMORY_MB_MAX};
    config.subrequests = (struct mf_limit){MF_RUN_SUBREQUESTS_DEFAULT, MF_RUN_SUBREQUESTS_MAX};
    config.code_bytes_max = MF_CODE_BYTES_MAX;
    config.env_bytes_max = MF_ENV_BYTES_MAX;
    config.body_bytes_max = MF_HTTP_BODY_BYTES_MAX;
    MF_RUN(reads_a_whole_call);
    MF_RUN(refuses_as_cloudflare_does);
    MF_RUN(names_the_field_at_fault);
    MF_RUN(keeps_depth_bounded);
    MF_RUN(lower_limit_wins);
    MF_RUN(checks_the_request);
    mf__call_done(&call);
    mf__call_fault_done(&fault);
    return 0;
}
