/* reader.c - walks the object and checks each value against its row of the table. */
#include "reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "fields.h"

/* More fields than any section has: the marks of those that were seen. */
#define SECTION_FIELDS_MAX 64

/* Whole numbers above 2^53 are not exact in a double. */
#define WHOLE_MAX 9007199254740992.0

int mf__config_fail(struct config_reader *reader, const char *pointer, const char *format, ...)
{
    int used = snprintf(reader->why, MF_CONFIG_WHY_BYTES_MAX, "%s%s", pointer, pointer[0] ? ": " : "");
    va_list args;
    va_start(args, format);
    if (used >= 0 && used < MF_CONFIG_WHY_BYTES_MAX) {
        (void)vsnprintf(reader->why + used, MF_CONFIG_WHY_BYTES_MAX - (size_t)used, format, args);
    }
    va_end(args);
    return MF_E_CONFIG;
}

char *mf__config_copy_text(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = mf_new(size);
    memcpy(copy, text, size);
    return copy;
}

void mf__config_pointer_join(char *pointer, const char *parent, const char *name)
{
    size_t used = 0;
    for (; parent[used] && used < CONFIG_POINTER_BYTES_MAX - 4; used++) {
        pointer[used] = parent[used];
    }
    pointer[used++] = '/';
    for (; *name && used < CONFIG_POINTER_BYTES_MAX - 3; name++) {
        if (*name == '~' || *name == '/') {
            pointer[used++] = '~';
            pointer[used++] = *name == '~' ? '0' : '1';
        } else {
            pointer[used++] = *name;
        }
    }
    pointer[used] = 0;
}

static void *place_of(struct mf_config *config, const struct config_field *field)
{
    return (char *)config + field->offset;
}

/* executors.count: what the machine has, unless it has very many. */
static uint64_t default_executors(void)
{
    long cpus = mf_config_cpus();
    return cpus > MF_EXECUTORS_DEFAULT_MAX ? MF_EXECUTORS_DEFAULT_MAX : (uint64_t)cpus;
}

static void store_number(struct mf_config *config, const struct config_field *field, uint64_t number)
{
    void *place = place_of(config, field);
    switch (field->kind) {
    case FIELD_U32:
        *(uint32_t *)place = (uint32_t)number;
        break;
    case FIELD_U64:
        *(uint64_t *)place = number;
        break;
    case FIELD_MIB:
        *(uint64_t *)place = number * 1024 * 1024;
        break;
    case FIELD_BOOL:
        *(bool *)place = number != 0;
        break;
    case FIELD_LIMIT:
    case FIELD_PATH:
    case FIELD_SECTION:
    case FIELD_CUSTOM:
        MF_ASSERT(false); /* A field that is no number. */
    }
}

void mf__config_apply_defaults(struct mf_config *config, const struct config_field *fields)
{
    for (const struct config_field *field = fields; field->name; field++) {
        switch (field->kind) {
        case FIELD_U32:
        case FIELD_U64:
        case FIELD_MIB:
        case FIELD_BOOL: {
            bool is_count = place_of(config, field) == (void *)&config->executors_count;
            store_number(config, field, is_count ? default_executors() : field->standard);
            break;
        }
        case FIELD_LIMIT: {
            struct mf_limit *limit = place_of(config, field);
            limit->standard = field->standard;
            limit->max = field->max;
            break;
        }
        case FIELD_SECTION:
            mf__config_apply_defaults(config, field->fields);
            break;
        case FIELD_PATH:
        case FIELD_CUSTOM:
            break; /* NULL, or set in config_defaults. */
        }
    }
}

int mf__config_read_whole(struct config_reader *reader,
                          const struct cJSON *value,
                          const char *pointer,
                          uint64_t min,
                          uint64_t max,
                          uint64_t *ret_number)
{
    double number = cJSON_IsNumber(value) ? value->valuedouble : -1;
    bool is_whole = number >= 0 && number <= WHOLE_MAX && (double)(uint64_t)number == number;
    if (!is_whole || (uint64_t)number < min || (uint64_t)number > max) {
        return mf__config_fail(reader, pointer, "must be a whole number from %llu to %llu",
                               (unsigned long long)min, (unsigned long long)max);
    }
    *ret_number = (uint64_t)number;
    return 0;
}

int mf__config_read_text(struct config_reader *reader,
                         const struct cJSON *value,
                         const char *pointer,
                         size_t bytes_max,
                         char **place)
{
    if (!cJSON_IsString(value)) {
        return mf__config_fail(reader, pointer, "must be a string");
    }
    const char *text = value->valuestring;
    size_t size = strlen(text);
    if (size == 0 || size > bytes_max) {
        return mf__config_fail(reader, pointer, "must have 1 to %zu bytes", bytes_max);
    }
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            return mf__config_fail(reader, pointer, "must not contain control characters");
        }
    }
    mf_free(*place);
    *place = mf__config_copy_text(text);
    return 0;
}

int mf__config_read_path(struct config_reader *reader,
                         const struct cJSON *value,
                         const char *pointer,
                         size_t bytes_max,
                         char **place)
{
    if (cJSON_IsString(value) && value->valuestring[0] != '/') {
        return mf__config_fail(reader, pointer, "must be an absolute path");
    }
    return mf__config_read_text(reader, value, pointer, bytes_max, place);
}

/* A number is both the default and the maximum: nobody gets more, whether they ask or not. */
static int read_limit(struct config_reader *reader,
                      const struct cJSON *value,
                      const char *pointer,
                      const struct config_field *field)
{
    struct mf_limit *limit = place_of(reader->config, field);
    if (cJSON_IsNumber(value)) {
        int error = mf__config_read_whole(reader, value, pointer, field->min, field->max, &limit->max);
        limit->standard = error < 0 ? limit->standard : limit->max;
        return error;
    }
    if (!cJSON_IsObject(value)) {
        return mf__config_fail(reader, pointer, "must be a number or {\"default\": number, \"max\": number}");
    }
    bool has_standard = false;
    bool has_max = false;
    for (const struct cJSON *member = value->child; member; member = member->next) {
        char member_pointer[CONFIG_POINTER_BYTES_MAX];
        mf__config_pointer_join(member_pointer, pointer, member->string);
        bool is_standard = strcmp(member->string, "default") == 0;
        if (!is_standard && strcmp(member->string, "max") != 0) {
            return mf__config_fail(reader, member_pointer, "is not a known field");
        }
        bool *seen = is_standard ? &has_standard : &has_max;
        if (*seen) {
            return mf__config_fail(reader, member_pointer, "is there twice");
        }
        *seen = true;
        uint64_t *place = is_standard ? &limit->standard : &limit->max;
        int error = mf__config_read_whole(reader, member, member_pointer, field->min, field->max, place);
        if (error < 0) {
            return error;
        }
    }
    if (!has_standard && limit->standard > limit->max) {
        limit->standard = limit->max;
    }
    if (limit->standard > limit->max) {
        return mf__config_fail(reader, pointer, "the default must not be larger than max");
    }
    return 0;
}

static int read_field(struct config_reader *reader,
                      const struct cJSON *value,
                      const char *pointer,
                      const struct config_field *field)
{
    uint64_t number = 0;
    switch (field->kind) {
    case FIELD_U32:
    case FIELD_U64:
    case FIELD_MIB: {
        int error = mf__config_read_whole(reader, value, pointer, field->min, field->max, &number);
        if (error < 0) {
            return error;
        }
        store_number(reader->config, field, number);
        return 0;
    }
    case FIELD_BOOL:
        if (!cJSON_IsBool(value)) {
            return mf__config_fail(reader, pointer, "must be true or false");
        }
        store_number(reader->config, field, cJSON_IsTrue(value) ? 1 : 0);
        return 0;
    case FIELD_LIMIT:
        return read_limit(reader, value, pointer, field);
    case FIELD_PATH: {
        char **place = place_of(reader->config, field);
        return mf__config_read_path(reader, value, pointer, MF_CONFIG_PATH_BYTES_MAX, place);
    }
    case FIELD_SECTION:
        return mf__config_read_object(reader, value, pointer, field->fields);
    case FIELD_CUSTOM:
        return field->read(reader, value, pointer);
    }
    return MF_E_INTERNAL;
}

int mf__config_read_object(struct config_reader *reader,
                           const struct cJSON *object,
                           const char *pointer,
                           const struct config_field *fields)
{
    if (!cJSON_IsObject(object)) {
        return mf__config_fail(reader, pointer, "must be an object");
    }
    bool seen[SECTION_FIELDS_MAX] = {false};
    for (const struct cJSON *member = object->child; member; member = member->next) {
        char member_pointer[CONFIG_POINTER_BYTES_MAX];
        mf__config_pointer_join(member_pointer, pointer, member->string);
        size_t index = 0;
        while (fields[index].name && strcmp(fields[index].name, member->string) != 0) {
            index++;
        }
        MF_ASSERT(index < SECTION_FIELDS_MAX);
        if (!fields[index].name) {
            return mf__config_fail(reader, member_pointer, "is not a known field");
        }
        if (seen[index]) {
            return mf__config_fail(reader, member_pointer, "is there twice");
        }
        seen[index] = true;
        int error = read_field(reader, member, member_pointer, &fields[index]);
        if (error < 0) {
            return error;
        }
    }
    return 0;
}

int mf__config_check_whole(struct config_reader *reader)
{
    const struct mf_config *config = reader->config;
    if (config->memory_mb.max * 1024 * 1024 > config->executor_memory_bytes_max) {
        return mf__config_fail(reader, "/executors/memoryMb",
                               "must not be less than /limits/memoryMb's max, which is %llu",
                               (unsigned long long)config->memory_mb.max);
    }
    if (config->executor_standby_count > config->executor_runs_max) {
        return mf__config_fail(reader, "/executors/standby", "must not be more than /executors/runs");
    }
    if (config->jail_layers_required & ~config->jail_layers) {
        return mf__config_fail(reader, "/jail/required", "names a layer that /jail/layers does not have");
    }
    if (config->usage_push_url && !config->usage_push_secret_path) {
        return mf__config_fail(reader, "/usage/pushUrl",
                               "needs /usage/pushSecretFile: what is sent there is signed");
    }
    return mf__config_check_listens(reader);
}
