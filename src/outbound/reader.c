#include "reader.h"

#include "url.h"

static struct member *find_member(struct member *members, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(members[i].name, name) == 0) {
            return &members[i];
        }
    }
    return NULL;
}

bool mf__read_members(struct reader *reader,
                      const cJSON *object,
                      const char *pointer,
                      struct member *members,
                      size_t count)
{
    char at[MF__POINTER_BYTES_MAX];

    if (!cJSON_IsObject(object)) {
        mf__fault_add(reader->faults, pointer, "must be an object.");
        return false;
    }
    for (const cJSON *item = object->child; item != NULL; item = item->next) {
        struct member *member = find_member(members, count, item->string);
        mf__pointer_join(at, pointer, item->string);
        if (member == NULL) {
            mf__fault_add(reader->faults, at, "is not a field that is known here.");
        } else if (member->value != NULL) {
            mf__fault_add(reader->faults, at, "stands there twice.");
        } else {
            member->value = item;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (members[i].is_required && members[i].value == NULL) {
            mf__pointer_join(at, pointer, members[i].name);
            mf__fault_add(reader->faults, at, "is missing.");
        }
    }
    return true;
}

bool mf__read_bool(struct reader *reader, const cJSON *value, const char *pointer)
{
    if (value != NULL && !cJSON_IsBool(value)) {
        mf__fault_add(reader->faults, pointer, "must be true or false.");
    }
    return value != NULL && cJSON_IsTrue(value);
}

static struct mf_slice copy(struct reader *reader, struct mf_slice text)
{
    struct mf_slice kept = {NULL, 0};

    if (mf_arena_copy(reader->arena, text, &kept) < 0) {
        reader->error = MF_E_NO_MEMORY;
    }
    return kept;
}

struct mf_slice
mf__read_text(struct reader *reader, const cJSON *value, const char *pointer, size_t bytes_max)
{
    struct mf_slice text;

    if (!cJSON_IsString(value)) {
        mf__fault_add(reader->faults, pointer, "must be a string.");
        return mf_slice_of(NULL, 0);
    }
    text = mf_slice_of_cstr(value->valuestring);
    if (text.size == 0 || text.size > bytes_max) {
        mf__fault_add(reader->faults, pointer, "must have 1 to %zu bytes.", bytes_max);
        return mf_slice_of(NULL, 0);
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < 0x20 || text.data[i] == 0x7f) {
            mf__fault_add(reader->faults, pointer, "has a control character.");
            return mf_slice_of(NULL, 0);
        }
    }
    return copy(reader, text);
}

struct mf_slice mf__read_name(struct reader *reader, const cJSON *value, const char *pointer)
{
    if (!cJSON_IsString(value)) {
        mf__fault_add(reader->faults, pointer, "must be a name.");
    } else if (!mf_outbound_name_is_valid(mf_slice_of_cstr(value->valuestring))) {
        mf__fault_add(reader->faults, pointer,
                      "must be a name: 1 to %d of A-Z a-z 0-9 . _ -, beginning with a letter or digit.",
                      MF_OUTBOUND_NAME_BYTES_MAX);
    } else {
        return copy(reader, mf_slice_of_cstr(value->valuestring));
    }
    return mf_slice_of(NULL, 0);
}

uint16_t mf__read_port(struct reader *reader, const cJSON *value, const char *pointer)
{
    double number = cJSON_IsNumber(value) ? value->valuedouble : 0;

    if (number < 1 || number > 65535 || (double)(uint16_t)number != number) {
        mf__fault_add(reader->faults, pointer, "must be a port from 1 to 65535.");
        return 0;
    }
    return (uint16_t)number;
}

struct mf_slice mf__read_path(struct reader *reader, const cJSON *value, const char *pointer)
{
    struct mf_slice path = mf__read_text(reader, value, pointer, MF_OUTBOUND_PATH_BYTES_MAX);

    if (path.size > 0 && !mf__url_path_is_valid(path)) {
        mf__fault_add(
            reader->faults, pointer,
            "must be a path as it stands in a URL: it begins with /, has no dot segments, no ? or #, "
            "and what is not ASCII is percent-encoded.");
        path.size = 0;
    }
    return path;
}

static size_t count_each(const cJSON *value)
{
    return value == NULL ? 0 : cJSON_IsArray(value) ? (size_t)cJSON_GetArraySize(value) : 1;
}

void mf__read_each(struct reader *reader,
                   const cJSON *value,
                   const char *pointer,
                   size_t count_max,
                   void (*read)(struct reader *reader, const cJSON *value, const char *pointer, void *user),
                   void *user)
{
    char at[MF__POINTER_BYTES_MAX];
    size_t count = count_each(value);
    size_t index = 0;

    if (value == NULL || reader->error < 0) {
        return;
    }
    if (!cJSON_IsArray(value)) {
        read(reader, value, pointer, user);
        return;
    }
    if (count == 0 || count > count_max) {
        mf__fault_add(reader->faults, pointer, "must have 1 to %zu entries.", count_max);
        return;
    }
    for (const cJSON *item = value->child; item != NULL && reader->error == 0; item = item->next) {
        mf__pointer_index(at, pointer, index++);
        read(reader, item, at, user);
    }
}

void *mf__read_array(struct reader *reader, const cJSON *value, size_t count_max, size_t size)
{
    size_t count = count_each(value);
    void *array;

    count = count > count_max ? count_max : count; /* More are refused, not read. */
    array = mf_arena_try_alloc(reader->arena, (count > 0 ? count : 1) * size);

    if (array == NULL) {
        reader->error = MF_E_NO_MEMORY;
    }
    return array;
}

struct names {
    struct mf_slice *names;
    size_t count;
};

static void read_one_name(struct reader *reader, const cJSON *value, const char *pointer, void *user)
{
    struct names *names = user;
    struct mf_slice name = mf__read_name(reader, value, pointer);

    for (size_t i = 0; name.size > 0 && i < names->count; i++) {
        if (mf_slice_equal(names->names[i], name)) {
            mf__fault_add(reader->faults, pointer, "stands there twice.");
            return;
        }
    }
    if (name.size > 0) {
        names->names[names->count++] = name;
    }
}

size_t mf__read_names(struct reader *reader,
                      const cJSON *value,
                      const char *pointer,
                      size_t count_max,
                      struct mf_slice **ret_names)
{
    struct names names = {.names = mf__read_array(reader, value, count_max, sizeof *names.names)};

    if (names.names != NULL) {
        mf__read_each(reader, value, pointer, count_max, read_one_name, &names);
    }
    *ret_names = names.names;
    return names.count;
}
