/* What mayfly.json may say, what it means, and what is refused and how. */
#include <mayfly/config.h>

#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static char path[] = "/tmp/mayfly-config-XXXXXX";
static char why[MF_CONFIG_WHY_BYTES_MAX];

static void write_file(const void *text, size_t size)
{
    FILE *file = fopen(path, "w");
    MF_CHECK(file);
    MF_CHECK(fwrite(text, 1, size, file) == size);
    MF_CHECK(fclose(file) == 0);
}

static int load_bytes(const void *text, size_t size, struct mf_config **config)
{
    struct mf_config_args args = {.config_path = path};
    write_file(text, size);
    return mf_config_load(&args, config, why);
}

static struct mf_config *load_good(const char *text)
{
    struct mf_config *config = NULL;
    int error = load_bytes(text, strlen(text), &config);
    if (error < 0) {
        fprintf(stderr, "refused: %s\n%s\n", why, text);
    }
    MF_CHECK_INT(error, 0);
    MF_CHECK(config);
    return config;
}

static void refuses_bytes(const void *text, size_t size, const char *expected)
{
    struct mf_config *config = NULL;
    MF_CHECK_INT(load_bytes(text, size, &config), MF_E_CONFIG);
    MF_CHECK(config == NULL);
    if (!strstr(why, expected)) {
        fprintf(stderr, "\"%s\" does not have \"%s\"\n", why, expected);
    }
    MF_CHECK(strstr(why, expected));
}

static void refuses(const char *text, const char *expected)
{
    refuses_bytes(text, strlen(text), expected);
}

static void has_defaults_without_a_file(void)
{
    struct mf_config_args args = {0};
    struct mf_config *config = NULL;
    MF_CHECK_INT(mf_config_load(&args, &config, why), 0);
    MF_CHECK_INT(config->listens_count, 1);
    MF_CHECK_TEXT(mf_slice_of_cstr(config->listens[0].host), "127.0.0.1");
    MF_CHECK_INT(config->listens[0].port, 8787);
    MF_CHECK_INT(config->cpu_ms.standard, MF_RUN_CPU_MS_DEFAULT);
    MF_CHECK_INT(config->cpu_ms.max, MF_RUN_CPU_MS_MAX);
    MF_CHECK_INT(config->code_bytes_max, MF_CODE_BYTES_MAX);
    MF_CHECK_INT(config->log_level, MF_LOG_INFO);
    MF_CHECK(config->is_clock_frozen);
    MF_CHECK(!config->is_jitless);
    MF_CHECK(config->executors_count >= 1 && config->executors_count <= MF_EXECUTORS_DEFAULT_MAX);
    MF_CHECK(config->executors_count <= mf_config_cpus());
    MF_CHECK_INT(config->executor_memory_bytes_max, (uint64_t)MF_EXECUTOR_MEMORY_MB_DEFAULT << 20);
    MF_CHECK_INT(config->jail_layers, MF_JAIL_ALL);
    MF_CHECK_INT(config->jail_layers_required, MF_JAIL_ALL);
    MF_CHECK_INT(config->jail_uid, MF_JAIL_ID_DEFAULT);
    MF_CHECK(!config->executor_path && !config->v8_flags && !config->vault_key_path);
    MF_CHECK_INT(config->vault_previous_keys_count, 0);
    mf_config_unref(config);
    mf_config_unref(load_good("{}"));
    mf_config_unref(load_good(" \n{ }\r\n\t"));
}

static void reads_everything(void)
{
    struct mf_config *config = load_good(
        "{\"listen\":[\"127.0.0.9:1\",{\"unix\":\"/run/m.sock\",\"mode\":\"0660\"},"
        "{\"address\":\"[::1]:8443\",\"tls\":{\"cert\":\"/c.pem\",\"key\":\"/k.pem\"}},\"localhost:0\"],"
        "\"hosts\":[\"box.example\",\"a:81\"],\"origins\":[\"https://x.example\",\"http://localhost:3000\"],"
        "\"stateDir\":\"/var/lib/mayfly\",\"logLevel\":\"debug\","
        "\"vault\":{\"keyFile\":\"/k\",\"previousKeyFiles\":[\"/old/1\",\"/old/2\"]},"
        "\"limits\":{\"cpuMs\":50,\"wallMs\":{\"default\":7,\"max\":9},\"memoryMb\":{\"max\":64},"
        "\"logBytes\":{\"default\":0},\"responseBytes\":1e3,\"subRequests\":0,\"codeBytes\":1,\"envBytes\":2,"
        "\"bodyBytes\":3,"
        "\"concurrentRuns\":4,\"queuedRuns\":0,\"queueWaitMs\":6,\"connections\":7},"
        "\"timeouts\":{\"headerMs\":11,\"bodyMs\":12,\"idleMs\":13,\"writeMs\":14},\"clock\":{\"frozen\":"
        "false},"
        "\"executors\":{\"count\":3,\"threads\":5,\"runs\":17,\"standby\":17,\"memoryMb\":100,\"path\":\"/x/"
        "e\",\"recycleRuns\":9,"
        "\"v8Flags\":\"--max-lazy --no-opt\",\"jitless\":true},"
        "\"jail\":{\"required\":[\"seccomp\"],\"layers\":[\"rlimits\",\"seccomp\"],\"uid\":7,\"gid\":8}}");
    MF_CHECK_INT(config->listens_count, 4);
    MF_CHECK_TEXT(mf_slice_of_cstr(config->listens[0].host), "127.0.0.9");
    MF_CHECK_INT(config->listens[0].port, 1);
    MF_CHECK_TEXT(mf_slice_of_cstr(config->listens[1].unix_path), "/run/m.sock");
    MF_CHECK_INT(config->listens[1].unix_mode, 0660);
    MF_CHECK_TEXT(mf_slice_of_cstr(config->listens[2].host), "::1");
    MF_CHECK_TEXT(mf_slice_of_cstr(config->listens[2].tls_key_path), "/k.pem");
    MF_CHECK_TEXT(mf_slice_of_cstr(config->listens[3].host), "127.0.0.1");
    MF_CHECK_INT(config->hosts_count, 2);
    MF_CHECK_TEXT(mf_slice_of_cstr(config->hosts[1]), "a:81");
    MF_CHECK_INT(config->origins_count, 2);
    MF_CHECK_TEXT(mf_slice_of_cstr(config->state_dir), "/var/lib/mayfly");
    MF_CHECK_TEXT(mf_slice_of_cstr(config->vault_key_path), "/k");
    MF_CHECK_INT(config->vault_previous_keys_count, 2);
    MF_CHECK_TEXT(mf_slice_of_cstr(config->vault_previous_key_paths[1]), "/old/2");
    MF_CHECK_INT(config->log_level, MF_LOG_DEBUG);
    MF_CHECK_INT(config->cpu_ms.standard, 50);
    MF_CHECK_INT(config->cpu_ms.max, 50);
    MF_CHECK_INT(config->wall_ms.standard, 7);
    MF_CHECK_INT(config->wall_ms.max, 9);
    MF_CHECK_INT(config->memory_mb.standard, 64);
    MF_CHECK_INT(config->memory_mb.max, 64);
    MF_CHECK_INT(config->log_bytes.standard, 0);
    MF_CHECK_INT(config->log_bytes.max, MF_RUN_LOG_BYTES_MAX);
    MF_CHECK_INT(config->response_bytes.max, 1000);
    MF_CHECK_INT(config->subrequests.standard, 0);
    MF_CHECK_INT(config->code_bytes_max, 1);
    MF_CHECK_INT(config->env_bytes_max, 2);
    MF_CHECK_INT(config->body_bytes_max, 3);
    MF_CHECK_INT(config->runs_concurrent_max, 4);
    MF_CHECK_INT(config->runs_queued_max, 0);
    MF_CHECK_INT(config->queue_wait_ms_max, 6);
    MF_CHECK_INT(config->connections_max, 7);
    MF_CHECK_INT(config->header_timeout_ms, 11);
    MF_CHECK_INT(config->body_timeout_ms, 12);
    MF_CHECK_INT(config->idle_timeout_ms, 13);
    MF_CHECK_INT(config->write_timeout_ms, 14);
    MF_CHECK(!config->is_clock_frozen);
    MF_CHECK_INT(config->executors_count, 3);
    MF_CHECK_INT(config->executor_threads_max, 5);
    MF_CHECK_INT(config->executor_runs_max, 17);
    MF_CHECK_INT(config->executor_standby_count, 17);
    MF_CHECK_INT(config->executor_recycle_runs, 9);
    MF_CHECK_INT(config->executor_memory_bytes_max, 100u << 20);
    MF_CHECK_TEXT(mf_slice_of_cstr(config->executor_path), "/x/e");
    MF_CHECK_TEXT(mf_slice_of_cstr(config->v8_flags), "--max-lazy --no-opt");
    MF_CHECK(config->is_jitless);
    MF_CHECK_INT(config->jail_layers, 1u << MF_JAIL_RLIMITS | 1u << MF_JAIL_SECCOMP);
    MF_CHECK_INT(config->jail_layers_required, 1u << MF_JAIL_SECCOMP);
    MF_CHECK_INT(config->jail_uid, 7);
    MF_CHECK_INT(config->jail_gid, 8);
    mf_config_unref(config);
}

static void required_is_all_that_there_is(void)
{
    static const char *const texts[] = {
        "{\"jail\":{\"layers\":[\"seccomp\"]}}",
        "{\"jail\":{\"layers\":[\"seccomp\"],\"required\":\"all\"}}",
        "{\"jail\":{\"required\":\"all\",\"layers\":[\"seccomp\"]}}",
    };
    for (size_t i = 0; i < MF_COUNT_OF(texts); i++) {
        struct mf_config *config = load_good(texts[i]);
        MF_CHECK_INT(config->jail_layers_required, 1u << MF_JAIL_SECCOMP);
        mf_config_unref(config);
    }
    struct mf_config *config = load_good("{\"jail\":{\"required\":[]}}");
    MF_CHECK_INT(config->jail_layers_required, 0);
    MF_CHECK_INT(config->jail_layers, MF_JAIL_ALL);
    mf_config_unref(config);
    refuses("{\"jail\":{\"layers\":[\"rlimits\"],\"required\":[\"seccomp\"]}}",
            "/jail/required: names a layer");
    refuses("{\"jail\":{\"layers\":[\"sekomp\"]}}", "/jail/layers/0: must be the name");
    refuses("{\"jail\":{\"layers\":\"none\"}}", "/jail/layers: must be");
    refuses("{\"jail\":{\"uid\":0}}", "/jail/uid: must be a whole number from 1");
}

static void expect_state_dir(const char *expected)
{
    struct mf_config *config = load_good("{}");
    MF_CHECK((config->state_dir == NULL) == (expected == NULL));
    if (expected != NULL) {
        MF_CHECK_TEXT(mf_slice_of_cstr(config->state_dir), expected);
    }
    mf_config_unref(config);
}

static void the_state_dir_is_found(void)
{
    static const char *const names[] = {"STATE_DIRECTORY", "XDG_STATE_HOME", "HOME"};
    for (size_t i = 0; i < MF_COUNT_OF(names); i++) {
        MF_CHECK(unsetenv(names[i]) == 0);
    }
    expect_state_dir(NULL);
    MF_CHECK(setenv("HOME", "relative", 1) == 0);
    expect_state_dir(NULL);
    MF_CHECK(setenv("HOME", "/h", 1) == 0);
    expect_state_dir("/h/.local/state/mayfly");
    MF_CHECK(setenv("XDG_STATE_HOME", "", 1) == 0);
    expect_state_dir("/h/.local/state/mayfly");
    MF_CHECK(setenv("XDG_STATE_HOME", "/x", 1) == 0);
    expect_state_dir("/x/mayfly");
    MF_CHECK(setenv("STATE_DIRECTORY", "/var/lib/m:/var/lib/n", 1) == 0);
    expect_state_dir("/var/lib/m");
}

static void command_line_wins(void)
{
    struct mf_config *config = NULL;
    struct mf_config_args args = {.config_path = path, .listen = "[::1]:0", .state_dir = "here"};
    const char *text = "{\"listen\":[\"127.0.0.1:1\",\"127.0.0.1:2\"],\"stateDir\":\"/there\"}";
    write_file(text, strlen(text));
    MF_CHECK_INT(mf_config_load(&args, &config, why), 0);
    MF_CHECK_INT(config->listens_count, 1);
    MF_CHECK_TEXT(mf_slice_of_cstr(config->listens[0].host), "::1");
    MF_CHECK_INT(config->listens[0].port, 0);
    MF_CHECK_TEXT(mf_slice_of_cstr(config->state_dir), "here");
    mf_config_unref(config);
    args.listen = "unix:relative.sock";
    MF_CHECK_INT(mf_config_load(&args, &config, why), 0);
    MF_CHECK(!config->listens[0].host);
    MF_CHECK_TEXT(mf_slice_of_cstr(config->listens[0].unix_path), "relative.sock");
    mf_config_unref(config);
    static const char *const bad[] = {
        "unix:", "8787", "", ":1", "127.0.0.1:", "127.0.0.1:65536", "::1:80", "[::1]", "[]:1", "x:1"};
    for (size_t i = 0; i < MF_COUNT_OF(bad); i++) {
        args.listen = bad[i];
        MF_CHECK_INT(mf_config_load(&args, &config, why), MF_E_CONFIG);
        MF_CHECK(strncmp(why, "--listen: ", 10) == 0);
    }
}

static void refuses_what_others_can_reach(void)
{
    static const char *const bad[] = {"0.0.0.0:8787",         "[::]:8787",  "192.168.1.4:80", "128.0.0.1:1",
                                      "[::ffff:127.0.0.1]:1", "[fe80::1]:9"};
    for (size_t i = 0; i < MF_COUNT_OF(bad); i++) {
        struct mf_config *config = NULL;
        struct mf_config_args args = {.listen = bad[i]};
        MF_CHECK_INT(mf_config_load(&args, &config, why), MF_E_CONFIG);
        MF_CHECK(strstr(why, "not asked for an access token"));
        MF_CHECK(strstr(why, bad[i]));
    }
    refuses("{\"listen\":[\"127.0.0.1:1\",{\"address\":\"10.0.0.1:1\"}]}",
            "/listen/1: 10.0.0.1:1 can be reached");
    struct mf_config *config = NULL;
    struct mf_config_args args = {.listen = bad[0]};
    MF_CHECK_INT(setenv("CREDENTIALS_DIRECTORY", "/nowhere", 1), 0);
    MF_CHECK_INT(mf_config_load(&args, &config, why), MF_E_CONFIG);
    mf_config_unref(load_good("{\"listen\":[\"10.0.0.1:1\"],\"auth\":{\"adminTokenFile\":\"/x\"}}"));
    MF_CHECK_INT(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}

static void names_the_field_that_is_wrong(void)
{
    refuses("{\"limit\":{}}", "/limit: is not a known field");
    refuses("{\"limits\":{\"cpums\":1}}", "/limits/cpums: is not a known field");
    refuses("{\"a/b~c\":1}", "/a~1b~0c: is not a known field");
    refuses("{\"limits\":{\"cpuMs\":1,\"cpuMs\":2}}", "/limits/cpuMs: is there twice");
    refuses("{\"limits\":{},\"limits\":{}}", "/limits: is there twice");
    refuses("{\"limits\":[]}", "/limits: must be an object");
    refuses("{\"limits\":{\"cpuMs\":\"1\"}}", "/limits/cpuMs: must be a number or");
    refuses("{\"limits\":{\"cpuMs\":{\"default\":2,\"max\":1}}}",
            "/limits/cpuMs: the default must not be larger");
    refuses("{\"limits\":{\"cpuMs\":{\"max\":1,\"max\":1}}}", "/limits/cpuMs/max: is there twice");
    refuses("{\"limits\":{\"cpuMs\":{\"min\":1}}}", "/limits/cpuMs/min: is not a known field");
    refuses("{\"limits\":{\"memoryMb\":7}}", "/limits/memoryMb: must be a whole number from 8 to 1024");
    refuses("{\"clock\":{\"frozen\":1}}", "/clock/frozen: must be true or false");
    refuses("{\"logLevel\":\"loud\"}", "/logLevel: must be debug");
    refuses("{\"logLevel\":3}", "/logLevel: must be debug");
    refuses("{\"stateDir\":\"x\"}", "/stateDir: must be an absolute path");
    refuses("{\"stateDir\":\"\"}", "/stateDir: must be");
    refuses("{\"vault\":{\"keyFile\":\"x\"}}", "/vault/keyFile: must be an absolute path");
    refuses("{\"vault\":{\"previousKeyFiles\":\"/x\"}}", "/vault/previousKeyFiles: must be a list");
    refuses("{\"vault\":{\"previousKeyFiles\":[\"/x\",\"y\"]}}",
            "/vault/previousKeyFiles/1: must be an absolute path");
    refuses("{\"stateDir\":\"/a\\nb\"}", "/stateDir: must not contain control characters");
    refuses("{\"executors\":{\"standby\":9,\"runs\":8}}", "/executors/standby: must not be more");
    refuses("{\"executors\":{\"memoryMb\":512}}", "/executors/memoryMb: must not be less");
    refuses("{\"executors\":{\"v8Flags\":\"--x;y\"}}", "/executors/v8Flags: must be V8 flags");
    refuses("{\"executors\":{\"v8Flags\":\"x\"}}", "/executors/v8Flags: must begin");
    refuses("{\"hosts\":\"x\"}", "/hosts: must be a list");
    refuses("{\"hosts\":[\"a\",\"a b\"]}", "/hosts/1: must be a host name");
    refuses("{\"origins\":[\"*\"]}", "/origins/0: must be an origin");
    refuses("{\"origins\":[\"https://x/\"]}", "/origins/0: must be an origin");
    refuses("{\"origins\":[\"https://X\"]}", "/origins/0: must be an origin");
}

static void refuses_wrong_listeners(void)
{
    refuses("{\"listen\":[]}", "/listen: must be a list of at least one");
    refuses("{\"listen\":\"127.0.0.1:1\"}", "/listen: must be a list");
    refuses("{\"listen\":[1]}", "/listen/0: must be");
    refuses("{\"listen\":[{}]}", "/listen/0: must have either address or unix");
    refuses("{\"listen\":[{\"unix\":\"/a\",\"address\":\"127.0.0.1:1\"}]}", "/listen/0: must have either");
    refuses("{\"listen\":[{\"unix\":\"/a\",\"mode\":\"888\"}]}", "/listen/0/mode: must be permissions");
    refuses("{\"listen\":[{\"unix\":\"/a\",\"mode\":\"4755\"}]}", "/listen/0/mode: must be permissions");
    refuses("{\"listen\":[{\"unix\":\"/a\",\"mode\":432}]}", "/listen/0/mode: must be permissions");
    refuses("{\"listen\":[{\"address\":\"127.0.0.1:1\",\"mode\":\"0600\"}]}", "/listen/0: mode is for unix");
    refuses("{\"listen\":[{\"unix\":\"a\"}]}", "/listen/0/unix: must be an absolute path");
    refuses("{\"listen\":[{\"address\":\"127.0.0.1:1\",\"tls\":{\"cert\":\"/c\"}}]}",
            "/listen/0/tls: must have both");
    refuses("{\"listen\":[{\"address\":\"127.0.0.1:1\",\"tls\":{\"cert\":\"/c\",\"cert\":\"/d\"}}]}",
            "/tls/cert: is there twice");
    refuses("{\"listen\":[{\"address\":\"127.0.0.1:1\",\"address\":\"127.0.0.1:2\"}]}",
            "/listen/0/address: is there twice");
    refuses("{\"listen\":[{\"unix\":\"/a\",\"tls\":{\"cert\":\"/c\",\"key\":\"/k\"}}]}",
            "/listen/0: a unix socket needs no tls");
    char many[1024] = "{\"listen\":[\"127.0.0.1:1\"";
    for (int i = 0; i < MF_CONFIG_LISTENS_MAX; i++) {
        strcat(many, ",\"127.0.0.1:1\"");
    }
    strcat(many, "]}");
    refuses(many, "/listen: must not have more than 16");
    char path_long[256] = "{\"listen\":[{\"unix\":\"/";
    memset(path_long + strlen(path_long), 'x', MF_CONFIG_UNIX_PATH_BYTES_MAX);
    strcat(path_long, "\"}]}");
    refuses(path_long, "/listen/0/unix: must have 1 to 107 bytes");
}

static void numbers_are_whole_and_in_range(void)
{
    static const char *const bad[] = {"-1",   "0",    "1.5",  "300001", "1e300",
                                      "-0.1", "1e-3", "true", "null",   "9007199254740993"};
    for (size_t i = 0; i < MF_COUNT_OF(bad); i++) {
        char text[128];
        (void)snprintf(text, sizeof text, "{\"limits\":{\"cpuMs\":{\"max\":%s}}}", bad[i]);
        refuses(text, "/limits/cpuMs/max: must be a whole number from 1 to 300000");
    }
    /* Would be 0 or 1 when cut to 32 bits. */
    refuses("{\"limits\":{\"concurrentRuns\":4294967297}}", "/limits/concurrentRuns: must be a whole number");
    refuses("{\"executors\":{\"recycleRuns\":0}}", "/executors/recycleRuns: must be a whole number");
}

static void refuses_what_is_no_json(void)
{
    refuses("", "is not valid JSON");
    refuses("{", "is not valid JSON");
    refuses("{\n\n\"a\" 1}", "near line 3");
    refuses("[]", "must be an object");
    refuses("{} x", "has more behind its end");
    refuses("{}\n{}", "in line 2");
    refuses("{\"hosts\":[\"a\\u0000b\"]}", "has a NUL");
    refuses_bytes("{}\0x", 4, "has a NUL");
    refuses("{\"hosts\":[\"\xff\"]}", "is not UTF-8");
    mf_config_unref(load_good("{\"stateDir\":\"/a\\\\u0000\"}")); /* A backslash and a plain "u0000". */
    static char deep[200000];
    memset(deep, '[', sizeof deep - 1);
    refuses(deep, "is not valid JSON");
    static char large[MF_CONFIG_BYTES_MAX + 2];
    memset(large, ' ', sizeof large - 1);
    refuses(large, "is larger than");
    struct mf_config_args args = {.config_path = "/nonexistent/mayfly.json"};
    struct mf_config *config = NULL;
    MF_CHECK_INT(mf_config_load(&args, &config, why), MF_E_CONFIG);
    MF_CHECK(strstr(why, "/nonexistent/mayfly.json: No such file"));
    args.config_path = "/tmp";
    MF_CHECK_INT(mf_config_load(&args, &config, why), MF_E_CONFIG);
}

int main(void)
{
    int fd = mkstemp(path);
    MF_CHECK(fd >= 0);
    (void)close(fd);
    MF_RUN(has_defaults_without_a_file);
    MF_RUN(reads_everything);
    MF_RUN(required_is_all_that_there_is);
    MF_RUN(the_state_dir_is_found);
    MF_RUN(command_line_wins);
    MF_RUN(refuses_what_others_can_reach);
    MF_RUN(names_the_field_that_is_wrong);
    MF_RUN(refuses_wrong_listeners);
    MF_RUN(numbers_are_whole_and_in_range);
    MF_RUN(refuses_what_is_no_json);
    (void)unlink(path);
    return 0;
}
