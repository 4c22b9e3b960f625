// Each rule complains about what it forbids, at the right line, and about nothing else. node --test style, without a framework.
import assert from 'node:assert/strict';
import * as tidy from './rules.mjs';
import { cell, makeErrors, makeLimits, readErrors, readLimits, readPlaces, readSyscalls, replaceSyscalls } from './tables.mjs';

const complaints = (rule, path, text) => rule(path, text).map(([line]) => line);
const long = (count) => 'int f(void)\n{\n' + '    g();\n'.repeat(count - 2) + '}\n';

assert.deepEqual(complaints(tidy.fileLength, 'src/a.c', 'x\n'.repeat(1000)), []);
assert.equal(complaints(tidy.fileLength, 'src/a.c', 'x\n'.repeat(1001)).length, 1);

assert.deepEqual(complaints(tidy.functionLength, 'src/a.c', long(70)), []);
assert.deepEqual(complaints(tidy.functionLength, 'src/a.c', '\n' + long(71)), [3]);
assert.deepEqual(complaints(tidy.functionLength, 'src/a.c', 'static const int t[] = {\n' + '1,\n'.repeat(90) + '};\n'), []);
assert.deepEqual(complaints(tidy.functionLength, 'src/a.c', '/* f() { */\n' + long(70) + 'char c = \'{\';\nchar *s = "f() {";\n' + long(70)), []);
assert.deepEqual(complaints(tidy.functionLength, 'src/a.cc', 'namespace {\n' + long(71) + '}\n'), [3]);
assert.deepEqual(complaints(tidy.functionLength, 'src/a.c', '#define F(x) do { \\\n x(); {\n' + long(71)), [4]);

assert.deepEqual(complaints(tidy.v8OnlyInEngine, 'src/executor/a.c', '#include <v8.h>\n'), [1]);
assert.deepEqual(complaints(tidy.v8OnlyInEngine, 'src/executor/a.c', '#include <v8-isolate.h>\n'), [1]);
assert.deepEqual(complaints(tidy.v8OnlyInEngine, 'src/executor/a.cc', '\nv8::Isolate *i;\n'), [2]);
assert.deepEqual(complaints(tidy.v8OnlyInEngine, 'src/engine/a.cc', '#include <v8.h>\nv8::Isolate *i;\n'), []);
assert.deepEqual(complaints(tidy.v8OnlyInEngine, 'src/executor/a.c', '/* V8 and v8:: here */\n'), []);

for (const call of ['strcpy(a, b)', 'sprintf(a, b)', 'strtok(a, b)', 'atoi(a)', 'strtol(a, 0, 0)', 'gets(a)', 'malloc(1)', 'std::free(a)', 'system(a)']) {
  assert.deepEqual(complaints(tidy.bannedCalls, 'src/net/a.c', `\n    ${call};\n`), [2], call);
}
for (const call of ['snprintf(a, 1, b)', 'mf_free(a)', 'mf_atoi(a)', 'x->free(a)', 'loop.free(a)', '"malloc(1)"', '/* free(a) */', 'freezer(a)']) {
  assert.deepEqual(complaints(tidy.bannedCalls, 'src/net/a.c', `\n    ${call};\n`), [], call);
}
assert.deepEqual(complaints(tidy.bannedCalls, 'src/base/a.c', 'malloc(1);\n'), []);
assert.deepEqual(complaints(tidy.bannedCalls, 'src/base/a.c', 'strcpy(a, b);\n'), [1]);
assert.deepEqual(complaints(tidy.bannedCalls, 'tests/unit/a.c', 'atoi(a);\n'), []);

assert.deepEqual(complaints(tidy.includesStayInside, 'src/a/b.c', '#include "../c/d.h"\n'), [1]);
assert.deepEqual(complaints(tidy.includesStayInside, 'src/a/b.c', '#include "d.h"\n'), []);

assert.deepEqual(complaints(tidy.nothingLeftForLater, 'src/a.c', 'a\n/* TODO: b */\n'), [2]);
assert.deepEqual(complaints(tidy.nothingLeftForLater, 'src/a.js', '// FIXME\n'), [1]);
assert.deepEqual(complaints(tidy.nothingLeftForLater, 'src/a.c', 'XX(name) "/tmp/XXXXXX" MAP_XXXX\n'), []);

assert.deepEqual(complaints(tidy.startsWithItsPurpose, 'src/a.c', 'int x;\n'), [1]);
assert.deepEqual(complaints(tidy.startsWithItsPurpose, 'src/a.c', '/* a.c - x */\nint x;\n'), []);

assert.deepEqual(complaints(tidy.startsWithItsPurpose, 'src/a.c', '#include "a.h"\n'), []);
assert.deepEqual(complaints(tidy.startsWithItsPurpose, 'src/a.c', '#include "b.h"\n'), [1]);
assert.deepEqual(complaints(tidy.startsWithItsPurpose, 'src/a.h', '#include "a.h"\n'), [1]);

assert.deepEqual(complaints(tidy.noPrivatePaths, 'src/a.c', 'x\nopen("/home/somebody")\n'), [2]);
assert.deepEqual(complaints(tidy.noPrivatePaths, 'src/a.c', 'x\n"/homepage" "https://a/work/b"\n'), []);

const head = '// Headers\n//\n// Spec:  https://fetch.spec.whatwg.org/#headers-class\n';
assert.deepEqual(complaints(tidy.runtimeNamesItsSpec, 'src/runtime/js/headers.js', head), []);
assert.deepEqual(complaints(tidy.runtimeNamesItsSpec, 'src/runtime/js/headers.js', "'use strict';\n"), [1]);
assert.deepEqual(complaints(tidy.runtimeNamesItsSpec, 'src/runtime/js/headers.js', '// Spec:\n'), [1]);
assert.deepEqual(complaints(tidy.runtimeNamesItsSpec, 'src/runtime/js/warm.js', '// Spec:  none, ours\n'), []);

assert.deepEqual(complaints(tidy.textIsClean, 'src/a.c', 'a \nb\n\tc\n'), [1, 3]);
assert.deepEqual(complaints(tidy.textIsClean, 'src/a.c', 'a'), [1]);

const errors = `#define MF_ERROR_MAP(XX) \\
    /* anywhere */ \\
    XX(A, -6001, 503, "a", "One | two.") \\
    XX(B, -6002, 404, "b.c", "Long " \\
       "sentence.")
/* clang-format on */
`;
assert.equal(readErrors(errors).length, 3);
const operation = (...codes) => ({ responses: {}, 'x-problem-codes': { 404: codes } });
const document = {
  components: { responses: { Problem: { 'x-problem-codes': { 400: ['a'] } } } },
  paths: Object.fromEntries([1, 2, 3, 4, 5, 6].map((i) => [`/${i}`, { parameters: [], get: operation(...(i < 3 ? ['b.c', 'd'] : ['d'])) }])),
};
assert.match(makeErrors(errors, document), /\| `b\.c` \| 404 \| Long sentence\. \| `GET \/1`, `GET \/2` \| B \| -6002 \|/);
assert.match(makeErrors(errors, document), /One \\\| two\./);
assert.equal(readPlaces(document).get('a'), 'every route');
assert.equal(readPlaces(document).get('d'), '`GET /1`, `GET /2`, `GET /3`, `GET /4` and 2 more');
assert.throws(() => readErrors(errors.replace('503, ', '')), /2 rows, 1 understood/);

const limits = '/* -- words */\n#define MF_A 1048576 /* bytes: a reason, with < and more */\n';
assert.match(makeLimits(limits), /## words\n\n.*\n.*\n\| `MF_A` \| 1,048,576 \| bytes: a reason, with &lt; and more \|/);
assert.throws(() => readLimits('#define MF_A 1\n'), /limits\.h:1/);
assert.throws(() => readLimits('#define MF_A 1 /* b */\n'), /without a reason/);

const calls = '#define MF_JAIL_CONDITION_MAP(XX) \\\n XX(ANY, "") \\\n XX(FD, "fd 3")\n#define MF_JAIL_SYSCALL_MAP(XX) \\\n XX(ALLOW, read, FD, "frames")\n';
assert.equal(readSyscalls(calls)[0].words, 'fd 3');
assert.throws(() => readSyscalls(calls.replace('"frames"', '""')), /no reason/);
assert.throws(() => readSyscalls(calls.replace('read, FD', 'read, XY')), /no condition/);
assert.throws(() => replaceSyscalls('no marks', ''), /marks/);
assert.equal(cell('a|b<c'), 'a\\|b&lt;c');
console.log('every rule complains when it should');
