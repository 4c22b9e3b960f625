/* The main path of the door: snapshot, isolate, modules, turns, ops, termination. */
#include <mayfly/engine.h>

static void op_all(struct mf_op_call *call);
static void op_fill(struct mf_op_call *call);
static void op_return(struct mf_op_call *call);
#define KIT_OPS                                                                                              \
    {"all", op_all}, {"fill", op_fill},                                                                      \
    {                                                                                                        \
        "give", op_return                                                                                    \
    }
#include "engine_kit.h"

static int arg_error;

static void op_all(struct mf_op_call *call)
{
    bool flag = false;
    double number = 0;
    uint32_t u32 = 0;
    struct mf_slice utf8 = {NULL, 0};
    struct mf_slice latin1 = {NULL, 0};
    struct mf_slice bytes = {NULL, 0};
    arg_error = 0;
    if ((arg_error = mf_op_arg_bool(call, 0, &flag)) < 0 ||
        (arg_error = mf_op_arg_number(call, 1, &number)) < 0 ||
        (arg_error = mf_op_arg_u32(call, 2, &u32)) < 0 || (arg_error = mf_op_arg_utf8(call, 3, &utf8)) < 0 ||
        (arg_error = mf_op_arg_latin1(call, 4, &latin1)) < 0 ||
        (arg_error = mf_op_arg_bytes(call, 5, &bytes)) < 0) {
        return;
    }
    struct mf_buf *out = &mf_op_host(call)->out;
    MF_CHECK(mf_buf_printf(out, "%d %g %u %.*s %zu:%02x %zu:%02x count %zu\n", flag, number, u32,
                           (int)utf8.size, (const char *)utf8.data, latin1.size, latin1.data[0], bytes.size,
                           bytes.data[0], mf_op_arg_count(call)) == 0);
}

static void op_fill(struct mf_op_call *call)
{
    if (mf_op_fill(call, 0, mf_slice_of_cstr("abcd")) < 0) {
        return;
    }
    mf_op_return(call, mf_value_bool(true));
}

static void op_return(struct mf_op_call *call)
{
    uint32_t kind = 0;
    if (mf_op_arg_u32(call, 0, &kind) < 0) {
        return;
    }
    struct mf_value values[] = {
        mf_value_undefined(),
        {MF_VALUE_NULL, {false}},
        mf_value_bool(true),
        mf_value_number(1.5),
        mf_value_of(MF_VALUE_UTF8, mf_slice_of_cstr("\xc3\xa4\xff!")),
        mf_value_of(MF_VALUE_LATIN1, mf_slice_of_cstr("\xe4")),
        mf_value_of(MF_VALUE_BYTES, mf_slice_of_cstr("\x01\x02")),
    };
    if (kind < MF_COUNT_OF(values)) {
        mf_op_return(call, values[kind]);
    } else {
        mf_op_throw(call,
                    kind == 100   ? MF_OP_ERROR
                    : kind == 101 ? MF_OP_TYPE_ERROR
                                  : MF_OP_RANGE_ERROR,
                    "from C");
    }
}

static void test_hello(void)
{
    KIT_CHECK_RUN("print('hello', 1 + 1)", "hello 2\n");
    KIT_CHECK_RUN("print('\u00e4 \u6f22')", "\u00e4 \u6f22\n");
}

static void test_call_and_values(void)
{
    struct mf_isolate_host host;
    kit_host_init(&host);
    struct mf_isolate *isolate = kit_new(&host, UINT64_C(64) << 20);
    struct mf_module module = {
        .kind = MF_MODULE_ESM,
        .name = mf_slice_of_cstr("main.js"),
        .body = mf_slice_of_cstr("export default async (a) => { await null; return a + 1; }")};
    MF_CHECK_INT(mf_isolate_set_modules(isolate, &module, 1, module.name), 0);
    struct mf_value yes = mf_value_bool(true);
    MF_CHECK_INT(kit_deliver(isolate, KIT_START, &yes, 1), 0);
    struct mf_value one = mf_value_number(41);
    MF_CHECK_INT(kit_deliver(isolate, KIT_CALL, &one, 1), 0);
    struct mf_value many[] = {
        mf_value_undefined(),
        {MF_VALUE_NULL, {false}},
        mf_value_bool(false),
        mf_value_number(-0.25),
        mf_value_of(MF_VALUE_UTF8, mf_slice_of_cstr("\xe6\xbc\xa2")),
        mf_value_of(MF_VALUE_LATIN1, mf_slice_of_cstr("\xfc")),
        mf_value_of(MF_VALUE_BYTES, mf_slice_of_cstr("ab")),
        mf_value_of(MF_VALUE_BYTES, mf_slice_of(NULL, 0)),
    };
    MF_CHECK_INT(kit_deliver(isolate, KIT_ECHO, many, MF_COUNT_OF(many)), 0);
    MF_CHECK_INT(kit_deliver(isolate, KIT_THROW, NULL, 0), MF_E_INTERNAL);
    mf_isolate_free(isolate);
    const char *text = kit_text(&host);
    MF_CHECK_TEXT(mf_slice_of_cstr(text),
                  "ready\nresult 42\n"
                  "undefined:undefined object:null boolean:false number:-0.25 string:\u6f22 string:\u00fc "
                  "object:bytes(97,98) object:bytes()\n");
}

static void test_ops(void)
{
    KIT_CHECK_RUN(
        "mf.ops.all(true, 1.5, 7, 'h\u00e9\\ud800', '\\xff', new Uint8Array([9, 8]).subarray(1), 'more')",
        "1 1.5 7 h\u00e9\ufffd 1:ff 1:08 count 7\n");
    KIT_CHECK_RUN(
        "const t = (...a) => { try { mf.ops.all(...a); print('fine'); } catch (e) { print(e); } };\n"
        "t(1); t(true, '1'); t(true, 1, -1); t(true, 1, 1.5); t(true, 1, 4294967296);\n"
        "t(true, 1, 1, { toString() { print('ran'); return ''; } }); t(true, 1, 1, '', '\u6f22');\n"
        "t(true, 1, 1, '', '', 'text');\n"
        "t(true, 1, 1, '', '', new ArrayBuffer(1, { maxByteLength: 2 }));\n"
        "const moved = new ArrayBuffer(4); moved.transfer(); t(true, 1, 1, '', '', moved);\n"
        "t();",
        "TypeError: all: argument 1 is not a boolean\n"
        "TypeError: all: argument 2 is not a number\n"
        "TypeError: all: argument 3 is not a whole number from 0 to 4294967295\n"
        "TypeError: all: argument 3 is not a whole number from 0 to 4294967295\n"
        "TypeError: all: argument 3 is not a whole number from 0 to 4294967295\n"
        "TypeError: all: argument 4 is not a string\n"
        "TypeError: all: argument 5 is not a string of bytes\n"
        "TypeError: all: argument 6 is not an ArrayBuffer or a view of one\n"
        "TypeError: all: argument 6 is not an attached buffer of fixed size\n"
        "TypeError: all: argument 6 is not an attached buffer of fixed size\n"
        "TypeError: all: argument 1 is not a boolean\n");
    KIT_CHECK_RUN("const a = new Uint8Array(6); print(mf.ops.fill(a.subarray(1, 5)), a);\n"
                  "try { mf.ops.fill(a) } catch (e) { print(e) }",
                  "true bytes(0,97,98,99,100,0)\nRangeError: fill: the view has another size\n");
    KIT_CHECK_RUN(
        "for (let i = 0; i < 7; i++) print(typeof mf.ops.give(i), mf.ops.give(i));\n"
        "for (let i = 100; i < 103; i++) try { mf.ops.give(i) } catch (e) { print(e) }",
        "undefined undefined\nobject null\nboolean true\nnumber 1.5\nstring \u00e4\ufffd!\nstring \u00e4\n"
        "object bytes(1,2)\nError: from C\nTypeError: from C\nRangeError: from C\n");
    /* 64 MiB and one byte. */
    KIT_CHECK_RUN("try { mf.ops.all(true, 1, 1, '', 'x', new Uint8Array(67108865)) } catch (e) { print(e) }\n"
                  "try { mf.ops.all(true, 1, 1, 'x'.repeat(67108865)) } catch (e) { print(e) }",
                  "RangeError: all: argument 6 is too large\nRangeError: all: argument 4 is too large\n");
}

/* None is there before it is asked for, and then it stays what it is. */
static void test_members(void)
{
    KIT_CHECK_RUN(
        "const own = (object, name) => Object.hasOwn(object, name);\n"
        "const { ops, constants } = mf;\n"
        "print(own(ops, 'fill'), ops.fill === ops.fill, own(ops, 'fill'), ops.fill.name);\n"
        "print(own(constants, 'HALF'), constants.START, constants.HALF, own(constants, 'HALF'));\n"
        "print(own(mf, 'proxyDetails'), mf.proxyDetails === mf.proxyDetails, own(mf, 'proxyDetails'));\n"
        "print(ops.START, ops.constructor, ops[''], ops[Symbol.iterator], ops[0], constants.fill, mf.fill,"
        " mf.no);\n"
        "print(Object.getPrototypeOf(Object.getPrototypeOf(ops)), delete ops.none);\n"
        "for (const f of [() => { ops.fill = 1 }, () => { constants.HALF = 1 }, () => { mf.ops = 1 },"
        " () => { delete ops.fill }]) try { f(); print('changed') } catch (e) { print(e.name) }\n",
        "false true true fill\nfalse 1 0.5 true\nfalse true true\n"
        "undefined undefined undefined undefined undefined undefined undefined undefined\nnull true\n"
        "TypeError\nTypeError\nTypeError\nTypeError\n");
}

static void test_internals(void)
{
    KIT_CHECK_RUN("print(mf.lazy('lazy.js').next(), mf.lazy('lazy.js').next());\n"
                  "try { mf.lazy('no.js') } catch (e) { print(e) }\n"
                  "try { new mf.ops.print() } catch (e) { print(e.name) }",
                  "1 2\nError: internals.lazy: no such script: no.js\nTypeError\n");
}

int main(int argc, char **argv)
{
    (void)argv;
    kit_init(argc == 1); /* With any argument: without a snapshot. */
    MF_RUN(test_hello);
    MF_RUN(test_call_and_values);
    MF_RUN(test_ops);
    MF_RUN(test_members);
    MF_RUN(test_internals);
    return 0;
}
