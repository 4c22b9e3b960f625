/* Bundles: what went in comes out; every truncation, unknown kind and long name is refused. */
#include <mayfly/wire.h>

#include "check.h"

static void build(struct mf_buf *out)
{
    MF_CHECK_INT(mf_bundle_append(out, MF_PART_MAIN, mf_slice_of(NULL, 0), mf_slice_of_cstr("a.js")), 0);
    MF_CHECK_INT(mf_bundle_append(out, MF_PART_ESM, mf_slice_of_cstr("a.js"), mf_slice_of_cstr("export {}")),
                 0);
    MF_CHECK_INT(mf_bundle_append(out, MF_PART_DATA, mf_slice_of_cstr("d"), mf_slice_of("\0\1", 2)), 0);
    MF_CHECK_INT(mf_bundle_append(out, MF_PART_KIND_MAX, mf_slice_of(NULL, 0), mf_slice_of(NULL, 0)), 0);
}

static void test_round_trip(void)
{
    struct mf_part part;
    struct mf_buf out;
    size_t cursor = 0;

    mf_buf_init(&out, MF_BUNDLE_BYTES_MAX);
    build(&out);
    MF_CHECK_INT(mf_bundle_next(mf_buf_peek(&out), &cursor, &part), 1);
    MF_CHECK_INT(part.kind, MF_PART_MAIN);
    MF_CHECK_TEXT(part.body, "a.js");
    MF_CHECK_INT(mf_bundle_next(mf_buf_peek(&out), &cursor, &part), 1);
    MF_CHECK_INT(part.kind, MF_PART_ESM);
    MF_CHECK_TEXT(part.name, "a.js");
    MF_CHECK_TEXT(part.body, "export {}");
    MF_CHECK_INT(mf_bundle_next(mf_buf_peek(&out), &cursor, &part), 1);
    MF_CHECK_INT(part.body.size, 2);
    MF_CHECK_INT(part.body.data[1], 1);
    MF_CHECK_INT(mf_bundle_next(mf_buf_peek(&out), &cursor, &part), 1);
    MF_CHECK_INT(part.kind, MF_PART_KIND_MAX);
    MF_CHECK_INT(mf_bundle_next(mf_buf_peek(&out), &cursor, &part), 0);
    MF_CHECK_INT(cursor, out.size);
    mf_buf_done(&out);
}

/* 1 when every part of the bundle can be read, else MF_E_WIRE. */
static int walk(struct mf_slice bundle)
{
    struct mf_part part;
    size_t cursor = 0;
    int result;

    while ((result = mf_bundle_next(bundle, &cursor, &part)) > 0) {
        MF_CHECK(part.body.data + part.body.size <= bundle.data + bundle.size);
    }
    MF_CHECK_INT(cursor, bundle.size);
    return result;
}

static void test_truncated(void)
{
    struct mf_buf out;
    int whole = 0;

    mf_buf_init(&out, MF_BUNDLE_BYTES_MAX);
    build(&out);
    for (size_t size = 0; size <= out.size; size++) {
        uint8_t *copy = malloc(size + 1);
        memcpy(copy, out.data, size);
        whole += walk(mf_slice_of(copy, size)) == 0;
        free(copy);
    }
    MF_CHECK_INT(whole, 5); /* After none, one, two, three, four parts. */
    mf_buf_done(&out);
}

static void test_refused(void)
{
    static const uint8_t kind_zero[] = {0, 0, 0, 0, 0, 0, 0};
    static const uint8_t kind_past[] = {MF_PART_KIND_MAX + 1, 0, 0, 0, 0, 0, 0};
    static const uint8_t body_past[] = {1, 0, 0, 0xff, 0xff, 0xff, 0xff, 'x'};
    uint8_t name_long[7 + MF_MODULE_NAME_BYTES_MAX + 1] = {1, (MF_MODULE_NAME_BYTES_MAX + 1) & 0xff,
                                                           (MF_MODULE_NAME_BYTES_MAX + 1) >> 8};
    struct mf_buf out;

    MF_CHECK_INT(walk(mf_slice_of(kind_zero, 7)), MF_E_WIRE);
    MF_CHECK_INT(walk(mf_slice_of(kind_past, 7)), MF_E_WIRE);
    MF_CHECK_INT(walk(mf_slice_of(body_past, 8)), MF_E_WIRE);
    MF_CHECK_INT(walk(mf_slice_of(name_long, sizeof(name_long))), MF_E_WIRE);
    mf_buf_init(&out, 4096);
    MF_CHECK_INT(mf_bundle_append(&out, MF_PART_ESM, mf_slice_of(name_long, MF_MODULE_NAME_BYTES_MAX + 1),
                                  mf_slice_of(NULL, 0)),
                 MF_E_TOO_LARGE);
    MF_CHECK_INT(out.size, 0);
    mf_buf_done(&out);
}

int main(void)
{
    MF_RUN(test_round_trip);
    MF_RUN(test_truncated);
    MF_RUN(test_refused);
    return 0;
}
