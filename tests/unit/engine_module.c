/* Every kind of module, every way to import one, and what is said when it cannot be. */
#include "engine_kit.h"

#define BYTES(text)                                                                                          \
    {                                                                                                        \
        (const uint8_t *)(text), sizeof(text) - 1                                                            \
    }
#define M(kind_, name_, text_)                                                                               \
    {                                                                                                        \
        .kind = MF_MODULE_##kind_, .name = BYTES(name_), .body = BYTES(text_)                                \
    }

#define CHECK_MODULES(expected, ...)                                                                         \
    do {                                                                                                     \
        const struct mf_module list[] = {__VA_ARGS__};                                                       \
        const char *got = kit_run_modules(list, MF_COUNT_OF(list), "main.js", 0);                            \
        MF_CHECK_TEXT(mf_slice_of_cstr(got), expected);                                                      \
    } while (0)

/* (module (func (export "f") (result i32) i32.const 42)) */
#define WASM_42 "\0asm\1\0\0\0\1\5\1\x60\0\1\x7f\3\2\1\0\7\5\1\1f\0\0\n\6\1\4\0\x41\x2a\x0b"

static void test_kinds(void)
{
    CHECK_MODULES(
        "a.js says hi\ntext: some \u00e4 text\ndata: 3 1,0,255\njson: 1,{\"x\":[null]}\n"
        "cjs: 7 undefined\nwasm: 42 true\n",
        M(ESM, "main.js",
          "import { hi } from './lib/a.js'; import text from 'x.txt'; import data from './d.bin';\n"
          "import json from '/j.json'; import cjs from './c.cjs'; import wasm from 'f.wasm';\n"
          "print(hi); print('text:', text);\n"
          "print('data:', data.byteLength, new Uint8Array(data).join());\n"
          "print('json:', json.a + ',' + JSON.stringify(json.b)); print('cjs:', cjs.seven, cjs.default);\n"
          "const { exports } = new WebAssembly.Instance(wasm);\n"
          "print('wasm:', exports.f(), wasm instanceof WebAssembly.Module);"),
        M(ESM, "lib/a.js", "export { hi } from './../lib/b.js'"),
        M(ESM, "lib/b.js", "export const hi = 'a.js says hi'"), M(TEXT, "x.txt", "some \xc3\xa4 text"),
        M(DATA, "d.bin", "\1\0\xff"), M(JSON, "j.json", "{\"a\":1,\"b\":{\"x\":[null]}}"),
        M(CJS, "c.cjs", "exports.seven = 7;"), M(WASM, "f.wasm", WASM_42));
}

static void test_source_phase(void)
{
    CHECK_MODULES("true 42 true\n",
                  M(ESM, "main.js",
                    "import source w from './f.wasm'; const d = await import.source('./f.wasm');\n"
                    "import same from './f.wasm';\n"
                    "print(w === d, new WebAssembly.Instance(w).exports.f(), same === w);"),
                  M(WASM, "f.wasm", WASM_42));
    CHECK_MODULES("rejected SyntaxError: Source phase import not available for module \"a.js\".\n",
                  M(ESM, "main.js", "import source w from './a.js';"), M(ESM, "a.js", ""));
}

static void test_missing(void)
{
    CHECK_MODULES("rejected Error: No such module \"lib/no.js\".\n  imported from \"lib/a.js\"\n",
                  M(ESM, "main.js", "import './lib/a.js'"), M(ESM, "lib/a.js", "import './no.js'"));
    CHECK_MODULES("rejected Error: No such module \"node:fs\".\n  imported from \"main.js\"\n",
                  M(ESM, "main.js", "import 'node:fs'"));
    CHECK_MODULES("Error: No such module \"http:/x.org/a.js\".\n  imported from \"main.js\"\n"
                  "Error: No such module \"file:/etc/passwd\".\n  imported from \"main.js\"\n"
                  "TypeError: Invalid module specifier \"../a.js\".\n  imported from \"main.js\".\n"
                  "Error: No such module \"\".\n  imported from \"main.js\"\n"
                  "Error: No such module \"data:text/javascript,1\".\n  imported from \"main.js\"\n"
                  "TypeError: Invalid module specifier \"a\0b\".\n  imported from \"main.js\".\n",
                  M(ESM, "main.js",
                    "for (const s of ['http://x.org/a.js', 'file:///etc/passwd', '../a.js', '',"
                    " 'data:text/javascript,1', 'a\\0b']) await import(s).catch((e) => print(e));"));
}

static void test_attributes(void)
{
    CHECK_MODULES("rejected Error: Unrecognized import attributes specified\n",
                  M(ESM, "main.js", "import j from './j.json' with { type: 'json' }"),
                  M(JSON, "j.json", "1"));
    CHECK_MODULES(
        "Error: Unrecognized import attributes specified\n",
        M(ESM, "main.js", "await import('./j.json', { with: { type: 'json' } }).catch((e) => print(e))"),
        M(JSON, "j.json", "1"));
}

static void test_broken(void)
{
    CHECK_MODULES("rejected SyntaxError: Unexpected token ';'\n  at main.js:2:9\n",
                  M(ESM, "main.js", "// one\nlet x = ;"));
    CHECK_MODULES(
        "rejected SyntaxError: The requested module './a.js' does not provide an export named 'no'\n"
        "  at main.js:1:10\n",
        M(ESM, "main.js", "import { no } from './a.js'"), M(ESM, "a.js", ""));
    CHECK_MODULES(
        "rejected SyntaxError: Module \"lib/j.json\" is not valid JSON: Expected property name or '}' in "
        "JSON at position 1 (line 1 column 2)\n",
        M(ESM, "main.js", "import './lib/j.json'"), M(JSON, "lib/j.json", "{a}"));
    CHECK_MODULES("rejected CompileError: Module \"f.wasm\" is not valid WebAssembly: expected "
                  "magic word 00 61 73 6d, found 6e 6f 70 65 @+0\n",
                  M(ESM, "main.js", "import './f.wasm'"), M(WASM, "f.wasm", "nope"));
    CHECK_MODULES("before\nrejected RangeError: mine\n  at a.js:1:24\n",
                  M(ESM, "main.js", "import './a.js'; print('never')"),
                  M(ESM, "a.js", "print('before'); throw new RangeError('mine')"));
    CHECK_MODULES("rejected 7\n", M(ESM, "main.js", "throw 7"));
    CHECK_MODULES("rejected TypeError: Main module must be an ES module.\n", M(CJS, "main.js", "1"));
}

static void test_dynamic(void)
{
    CHECK_MODULES(
        "1 true\nfirst\nagain\nSyntaxError true\nself 5\ndone\n",
        M(ESM, "main.js",
          "export const five = 5; const a = await import('./a.js'); const b = await import('a.js');\n"
          "print(a.one, a === b);\n"
          "await import('./throws.js').catch((e) => print(e.message));\n"
          "await import('./throws.js').catch((e) => print('again'));\n"
          "const e1 = await import('./bad.js').catch((e) => e), e2 = await import('./bad.js').catch((e) => "
          "e);\n"
          "print(e1.name, e2.name === e1.name);\n"
          "import('./main.js').then((m) => print('self', m.five)).then(() => print('done'));"),
        M(ESM, "a.js", "export const one = 1"), M(ESM, "throws.js", "throw new Error('first')"),
        M(ESM, "bad.js", "let let"));
    CHECK_MODULES("x true\n", M(ESM, "main.js",
                                "import { env, WorkerEntrypoint } from 'cloudflare:workers';\n"
                                "const w = await import('cloudflare:workers'); print(env.NAME, "
                                "w.WorkerEntrypoint === WorkerEntrypoint)"));
}

static void test_top_level_await(void)
{
    CHECK_MODULES(
        "a1\nb\na2\nmain true\nlater false\n",
        M(ESM, "main.js",
          "import './a.js'; import './b.js'; print('main', mf.isStarting()); await null;\n"
          "globalThis.later = () => print('later', mf.isStarting()); Promise.resolve().then(() => 0)\n"
          "  .then(() => 0).then(() => 0).then(() => 0).then(() => later());"),
        M(ESM, "a.js", "print('a1'); await null; print('a2')"), M(ESM, "b.js", "print('b')"));
    CHECK_MODULES("rejected Error: late\n  at main.js:1:19\n",
                  M(ESM, "main.js", "await null; throw new Error('late')"));
}

static void test_cycles(void)
{
    CHECK_MODULES(
        "b sees function\na sees B\n", M(ESM, "main.js", "import './a.js'"),
        M(ESM, "a.js", "import { b } from './b.js'; export function f() {} print('a sees', b)"),
        M(ESM, "b.js", "import { f } from './a.js'; export const b = 'B'; print('b sees', typeof f)"));
}

static void test_commonjs(void)
{
    CHECK_MODULES(
        "lib/x.cjs lib true true\nd.json 5 text 2 42 esm-default x\n"
        "Error: No such module \"lib/no\".\n  imported from \"lib/x.cjs\"\nTypeError: require() needs a "
        "string.\n"
        "same true\nfunction ok\n",
        M(ESM, "main.js",
          "import x from './lib/x.cjs'; import again from './lib/x.cjs';\n"
          "print('same', x === again); print(typeof x, x());"),
        M(CJS, "lib/x.cjs",
          "print(__filename, __dirname, this === exports, module.exports === exports);\n"
          "print('d.json', require('./d.json').five, require('/t.txt'), require('../b.bin').byteLength,\n"
          "  new WebAssembly.Instance(require('/f.wasm')).exports.f(), require('./e.js'),\n"
          "  require('cloudflare:workers').env.NAME);\n"
          "try { require('./no') } catch (e) { print(e) } try { require(7) } catch (e) { print(e) }\n"
          "module.exports = () => 'ok';"),
        M(JSON, "lib/d.json", "{\"five\":5}"), M(TEXT, "t.txt", "text"), M(DATA, "b.bin", "12"),
        M(WASM, "f.wasm", WASM_42), M(ESM, "lib/e.js", "export default 'esm-default'"));
    CHECK_MODULES(
        "b sees partial undefined\na sees 2\n1 2\n", /* A cycle. */
        M(ESM, "main.js", "import a from './a.cjs'; print(a.one, a.two)"),
        M(CJS, "a.cjs",
          "exports.partial = 'partial'; const b = require('./b.cjs');\n"
          "print('a sees', b.two); exports.one = 1; exports.two = b.two"),
        M(CJS, "b.cjs", "const a = require('./a.cjs'); print('b sees', a.partial, a.one); exports.two = 2"));
    CHECK_MODULES("rejected Error: from cjs\n  at c.cjs:1:7\n", M(ESM, "main.js", "import './c.cjs'"),
                  M(CJS, "c.cjs", "throw new Error('from cjs')"));
    CHECK_MODULES("rejected SyntaxError: Unexpected token '}'\n  at c.cjs:1:1\n",
                  M(ESM, "main.js", "import './c.cjs'"), M(CJS, "c.cjs", "}"));
}

/* What V8 itself would stop the process for: an ES module entered again through require() while it is evaluated. */
static void test_require_into_a_cycle(void)
{
    CHECK_MODULES(
        "Error: Module \"a.js\" is required while it is being evaluated.\n"
        "Error: Module \"a.js\" is required while it is being evaluated.\nfine\n",
        M(ESM, "main.js", "import './a.js'; print('fine')"), M(ESM, "a.js", "import './c.cjs'"),
        M(CJS, "c.cjs", "for (const n of ['./b.js', './a.js']) try { require(n) } catch (e) { print(e) }"),
        M(ESM, "b.js", "import './a.js'"));
    CHECK_MODULES("Error: Module \"c.cjs\" is required while it is being evaluated.\n",
                  M(ESM, "main.js", "import './c.cjs'"),
                  M(CJS, "c.cjs", "try { require('./d.js') } catch (e) { print(e) }"),
                  M(ESM, "d.js", "import './c.cjs'"));
    CHECK_MODULES("Error: Module \"b.js\" waits at its top level and cannot be required.\nlate\n",
                  M(ESM, "main.js", "import './c.cjs'"),
                  M(CJS, "c.cjs", "try { require('./b.js') } catch (e) { print(e) }"),
                  M(ESM, "b.js", "await null; print('late')"));
}

static void test_import_meta_and_names(void)
{
    CHECK_MODULES("ok\n0 null\n",
                  M(ESM, "main.js",
                    "print(Reflect.ownKeys(import.meta).length, Object.getPrototypeOf(import.meta)); import "
                    "'./x//y/./z.js'"),
                  M(ESM, "./x/y/z.js", "print('ok')"));
}

static void test_table(void)
{
    struct mf_isolate_host host;
    kit_host_init(&host);
    struct mf_isolate *isolate = kit_new(&host, UINT64_C(64) << 20);
    const struct mf_module twice[] = {M(ESM, "a.js", ""), M(ESM, "./a.js", "")};
    MF_CHECK_INT(mf_isolate_set_modules(isolate, twice, 2, mf_slice_of_cstr("a.js")), MF_E_EXISTS);
    MF_CHECK_INT(mf_isolate_set_modules(isolate, twice, 1, mf_slice_of_cstr("b.js")), MF_E_NOT_FOUND);
    const struct mf_module outside[] = {M(ESM, "../a.js", "")};
    MF_CHECK_INT(mf_isolate_set_modules(isolate, outside, 1, mf_slice_of_cstr("../a.js")), MF_E_INVALID);
    struct mf_module *many = mf_try_alloc((MF_MODULES_COUNT_MAX + 1) * sizeof(*many));
    MF_CHECK_INT(mf_isolate_set_modules(isolate, many, MF_MODULES_COUNT_MAX + 1, mf_slice_of_cstr("a.js")),
                 MF_E_TOO_MANY);
    mf_free(many);
    MF_CHECK_INT(kit_deliver(isolate, KIT_START, NULL, 0), 0);
    mf_isolate_free(isolate);
    MF_CHECK_TEXT(mf_slice_of_cstr(kit_text(&host)), "rejected Error: There is no code to run.\n");
}

/* As many modules as a bundle may have, each importing the next. */
static void
run_chain(enum mf_module_kind kind, const char *main, const char *before, const char *after, const char *last)
{
    static struct mf_module chain[MF_MODULES_COUNT_MAX];
    static char names[MF_MODULES_COUNT_MAX][16];
    static char bodies[MF_MODULES_COUNT_MAX][96];
    for (unsigned i = 0; i < MF_MODULES_COUNT_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "m%u.js", i);
        if (i + 1 < MF_MODULES_COUNT_MAX) {
            snprintf(bodies[i], sizeof(bodies[i]), "%sm%u.js%s", before, i + 1, after);
        } else {
            snprintf(bodies[i], sizeof(bodies[i]), "%s", last);
        }
        chain[i].kind = i == 0 ? MF_MODULE_ESM : kind;
        chain[i].name = mf_slice_of_cstr(names[i]);
        chain[i].body = mf_slice_of_cstr(i == 0 ? main : bodies[i]);
    }
    const char *text = kit_run_modules(chain, MF_MODULES_COUNT_MAX, "m0.js", 0);
    printf("   %.60s\n", text);
    MF_CHECK(strstr(text, "4095\n") || strstr(text, "RangeError: Maximum call stack size exceeded"));
    if (kind == MF_MODULE_ESM) {
        MF_CHECK_TEXT(mf_slice_of_cstr(text), "4095\n");
    }
}

static void test_deep_chain(void)
{
    const char *main = "import { v } from './m1.js'; print(v)";
    run_chain(MF_MODULE_ESM, main, "export { v } from './", "'", "export const v = 4095");
    run_chain(MF_MODULE_ESM, main, "import { v as w } from './", "'; await null; export const v = w",
              "export const v = 4095");
    main = "import v from './m1.js'; print(v)";
    run_chain(MF_MODULE_CJS, main, "module.exports = require('./", "')", "module.exports = 4095");
}

static void test_eval_is_off(void)
{
    CHECK_MODULES(
        "EvalError: Code generation from strings disallowed for this context\n"
        "EvalError: Code generation from strings disallowed for this context\n"
        "EvalError: Code generation from strings disallowed for this context\n"
        "undefined undefined undefined undefined\n3\nfalse\n",
        M(ESM, "main.js",
          "const t = async (f) => { try { await f(); print('ran') } catch (e) { print(e) } };\n"
          "await t(() => eval('1')); await t(() => Function('return this')());\n"
          "await t(() => (async () => {}).constructor('1'));\n"
          "print(typeof SharedArrayBuffer, typeof ShadowRealm, typeof WebAssembly.Suspending, typeof gc);\n"
          "mf.setEvalAllowed(true); print(eval('1 + 2')); mf.setEvalAllowed(false);\n"
          "print(WebAssembly.validate(new Uint8Array(3)));"));
    CHECK_MODULES("rejected SyntaxError: Unexpected token '%'\n  at main.js:1:7\n",
                  M(ESM, "main.js", "print(%DebugPrint(1))"));
}

/* |mappings| of "print(1);\n  throw new Error('x')", whose error is born in line 2, column 9. */
static void check_place(const char *mappings, const char *expected)
{
    const struct mf_module module = {.kind = MF_MODULE_ESM,
                                     .name = BYTES("main.js"),
                                     .body = BYTES("print(1);\n  throw new Error('x')"),
                                     .mappings = mf_slice_of_cstr(mappings)};
    const char *got = kit_run_modules(&module, 1, "main.js", 0);

    MF_CHECK_TEXT(mf_slice_of_cstr(got), expected);
}

static void test_moved_text(void)
{
    static const char as_it_is[] = "1\nrejected Error: x\n  at main.js:2:9\n";
    static const char *const bad[] = {
        ";", "E", ";E", ";EAAD", ";EADA", "AAAA;!!", "AAAA;EAIUAA", "AAAA;EAIgggggggg", "AAAA;EAIg", "\xff"};

    check_place("", as_it_is);
    check_place("AAAA;EAIU", "1\nrejected Error: x\n  at main.js:5:11\n");
    check_place("AAAA;EAIU,GACA,OAAA",
                "1\nrejected Error: x\n  at main.js:6:11\n");                     /* Columns 2, 5 and 12. */
    check_place("AAAA;EAIUA,GACAA", "1\nrejected Error: x\n  at main.js:6:11\n"); /* With names. */
    check_place("AAAA,IAEA;", "1\nrejected Error: x\n  at main.js:3:1\n");        /* The last one before. */
    check_place("AAAA;G", "1\nrejected Error: x\n  at main.js:1:1\n");            /* Of no source. */
    for (size_t i = 0; i < MF_COUNT_OF(bad); i++) {
        check_place(bad[i], as_it_is);
    }
}

/* What the runtime makes when it is first asked for. */
static void test_loaded(void)
{
    CHECK_MODULES(
        "a,b,default 1 got called\ntrue true\ncalled,1,got\nNo such module \"node:no\".\n"
        "No such module \"lib/no\".\nNo such module \"lib/fn\".\nNo such module \"fn\".\nnot now\n"
        "No such module \"lib/x:fn\".\n1called\na,b,default 1 node:fn,node:no,node:no,node:throws,x:fn\n",
        M(ESM, "main.js", "import './a.js'; import './lib/b.js';"),
        M(ESM, "a.js",
          "globalThis.asked = []; mf.setModuleLoader((name) => { asked.push(name);\n"
          "  if (name === 'node:fn') return Object.assign(function f() { return 'called' }, { a: 1, default: "
          "9 },\n"
          "    Object.defineProperty({}, 'b', { enumerable: true, value: 'got' }));\n"
          "  if (name === 'node:throws') throw new TypeError('not now'); });"),
        M(ESM, "lib/b.js",
          "const ns = await import('node:fn'); print(Object.keys(ns).sort(), ns.a, ns.b, ns.default());\n"
          "const again = await import('fn'); print(again === ns, again.default === ns.default);\n"
          "print((await import('./c.js')).f);\n"
          "for (const name of ['node:no', 'no', './fn', '/fn', 'node:throws', 'x:fn'])\n"
          "  await import(name).catch((e) => print(e.message.split('\\n')[0]));\n"
          "print((await import('./r.cjs')).default.x);\n"
          "ns.default.late = 1; delete ns.default.a;\n"
          "print(Object.keys(await import('node:fn')).sort(), ns.a, asked.join());"),
        M(ESM, "lib/c.js", "import fn, { a, b } from 'fn'; export const f = [fn(), a, b].join();"),
        M(CJS, "lib/r.cjs", "exports.x = require('fn').a + require('node:fn')()"));
    /* Changed between the import's link and its evaluation. */
    CHECK_MODULES("undefined 2\n", M(ESM, "main.js", "import './a.js'; await import('./b.js')"),
                  M(ESM, "a.js", "globalThis.x = { a: 1, b: 2 }; mf.setModuleLoader(() => x)"),
                  M(ESM, "b.js", "import './c.js'; import { a, b } from 'node:x'; print(a, b)"),
                  M(ESM, "c.js", "delete x.a; x.c = 3;"));
}

/* V8 keeps it with each promise reaction. */
static void test_async_context(void)
{
    KIT_CHECK_RUN("print(mf.asyncContext()); mf.setAsyncContext('a');\n"
                  "const wait = (async () => { await null; print(mf.asyncContext()); await null; "
                  "print(mf.asyncContext()); })();\n"
                  "mf.setAsyncContext('b'); Promise.resolve().then(() => { print(mf.asyncContext()); "
                  "mf.setAsyncContext('c'); });\n"
                  "mf.setAsyncContext(undefined); await wait; print(mf.asyncContext());",
                  "undefined\na\nb\na\nundefined\n");
}

int main(void)
{
    kit_init(true);
    MF_RUN(test_kinds);
    MF_RUN(test_source_phase);
    MF_RUN(test_missing);
    MF_RUN(test_attributes);
    MF_RUN(test_broken);
    MF_RUN(test_dynamic);
    MF_RUN(test_top_level_await);
    MF_RUN(test_cycles);
    MF_RUN(test_commonjs);
    MF_RUN(test_require_into_a_cycle);
    MF_RUN(test_import_meta_and_names);
    MF_RUN(test_table);
    MF_RUN(test_deep_chain);
    MF_RUN(test_eval_is_off);
    MF_RUN(test_moved_text);
    MF_RUN(test_loaded);
    MF_RUN(test_async_context);
    return 0;
}
