/* docs/config.md has exactly one row for each field, and the row says what the table in src/config/fields.c says. */
#include <ctype.h>

#include "fields.h"

#include "check.h"

#define DOCS_BYTES_MAX 262144

static char docs[DOCS_BYTES_MAX];
static unsigned rows_expected;

static void read_docs(void)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s", __FILE__);
    char *tests = strstr(path, "tests/unit/");
    MF_CHECK(tests);
    (void)snprintf(tests, sizeof path - (size_t)(tests - path), "docs/config.md");
    FILE *file = fopen(path, "r");
    MF_CHECK(file);
    size_t size = fread(docs, 1, sizeof docs - 1, file);
    MF_CHECK(size > 0 && size < sizeof docs - 1);
    docs[size] = 0;
    (void)fclose(file);
}

/* "| `limits.cpuMs` | ms | 30000 | 1 to 300000 |" and then the sentence. */
static void expect_row(const char *prefix, const struct config_field *field)
{
    char standard[64];
    char range[64];
    char row[512];
    (void)snprintf(standard, sizeof standard, "%llu", (unsigned long long)field->standard);
    (void)snprintf(range, sizeof range, "%llu to %llu", (unsigned long long)field->min,
                   (unsigned long long)field->max);
    if (field->kind == FIELD_BOOL) {
        (void)snprintf(standard, sizeof standard, "%s", field->standard ? "true" : "false");
        range[0] = 0;
    } else if (field->kind == FIELD_PATH || field->kind == FIELD_CUSTOM) {
        (void)snprintf(standard, sizeof standard, "%s", field->standard_text);
        range[0] = 0;
    } else if (field->standard == 0 && field->min > 0) {
        (void)snprintf(standard, sizeof standard, "CPUs, at most %d", MF_EXECUTORS_DEFAULT_MAX);
    }
    (void)snprintf(row, sizeof row, "\n| `%s%s` | %s | %s | %s%s|", prefix, field->name, field->unit,
                   standard, range, range[0] ? " " : "");
    const char *found = strstr(docs, row);
    if (!found) {
        fprintf(stderr, "docs/config.md misses the row:%s\n", row);
    }
    MF_CHECK(found);
    const char *sentence = found + strlen(row);
    while (*sentence == ' ') {
        sentence++;
    }
    MF_CHECK(isalpha((unsigned char)*sentence) || *sentence == '`');
    rows_expected++;
}

static void expect_section(const char *prefix, const struct config_field *fields)
{
    for (const struct config_field *field = fields; field->name; field++) {
        if (field->kind == FIELD_SECTION) {
            char inner[128];
            (void)snprintf(inner, sizeof inner, "%s%s.", prefix, field->name);
            expect_section(inner, field->fields);
        } else {
            expect_row(prefix, field);
        }
    }
}

static void every_field_has_its_row(void)
{
    expect_section("", mf__config_root_fields);
}

static void every_row_has_its_field(void)
{
    unsigned rows = 0;
    for (const char *at = docs; (at = strstr(at, "\n| `")); at++) {
        rows++;
    }
    MF_CHECK_INT(rows, rows_expected);
}

/* "`listen`, `limits.memoryMb`, `executors.*`": what the table calls fixed, in its order. */
static void add_fixed(const char *prefix, const struct config_field *fields, char *list, size_t size)
{
    for (const struct config_field *field = fields; field->name; field++) {
        size_t used = strlen(list);
        if (field->is_fixed) {
            (void)snprintf(list + used, size - used, "%s`%s%s%s`", used > 0 ? ", " : "", prefix, field->name,
                           field->kind == FIELD_SECTION ? ".*" : "");
        } else if (field->kind == FIELD_SECTION) {
            char inner[128];
            (void)snprintf(inner, sizeof inner, "%s%s.", prefix, field->name);
            add_fixed(inner, field->fields, list, size);
        }
    }
}

static void fixed_fields_are_named(void)
{
    char list[1024] = "";
    char sentence[1100];
    add_fixed("", mf__config_root_fields, list, sizeof list);
    (void)snprintf(sentence, sizeof sentence, "\nRead at the start only: %s.\n", list);
    if (strstr(docs, sentence) == NULL) {
        fprintf(stderr, "docs/config.md misses the line:%s", sentence);
    }
    MF_CHECK(strstr(docs, sentence));
}

int main(void)
{
    read_docs();
    MF_RUN(every_field_has_its_row);
    MF_RUN(every_row_has_its_field);
    MF_RUN(fixed_fields_are_named);
    return 0;
}
