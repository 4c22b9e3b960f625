/* The modules of one bundle: found by path, compiled at first need, linked, evaluated. */
#ifndef MAYFLY_ENGINE_MODULE_H
#define MAYFLY_ENGINE_MODULE_H

#include <v8.h>

#include <string>
#include <unordered_map>
#include <vector>

#include "door.h"

struct mf_isolate;

namespace mf
{

struct module_entry {
    mf_module_kind kind;
    std::string name; /* As the bundle names it: in stack traces and messages. */
    std::string path; /* Normalised: what a specifier resolves to. */
    mf_slice body;
    mf_slice mappings;
    mf_slice cache;
    v8::Global<v8::Module> module;   /* Source text, or synthetic with one export "default". */
    v8::Global<v8::Value> value;     /* The default export of what is no script; made once. */
    v8::Global<v8::Object> commonjs; /* `module` of a CommonJS module from its first line on. */
};

struct module_table {
    std::vector<module_entry> entries;
    std::vector<uint32_t> by_path; /* Indices of |entries|, sorted by path. */
    uint32_t main = 0;
    std::unordered_multimap<int, uint32_t> by_hash; /* V8's identity hash of a compiled module -> index. */

    module_entry *find(const std::string &path);
    module_entry *find_by_name(const std::string &name);
    uint32_t index_of(const module_entry *entry) const
    {
        return static_cast<uint32_t>(entry - entries.data());
    }
};

/* Each returns empty with an exception thrown. */
v8::MaybeLocal<v8::Module> module_compile(mf_isolate *isolate, module_entry *entry);
/* Compiles, links and evaluates |entry| and all it imports; the promise of its evaluation. */
v8::MaybeLocal<v8::Promise> module_run(mf_isolate *isolate,
                                       v8::Local<v8::Context> context,
                                       module_entry *entry,
                                       v8::Local<v8::Module> *ret_module);
/* The value of a text, data, json or wasm module (synthetic.cc) or a CommonJS module's exports (commonjs.cc). */
v8::MaybeLocal<v8::Value>
module_value(mf_isolate *isolate, v8::Local<v8::Context> context, module_entry *entry);
v8::MaybeLocal<v8::Value>
module_commonjs(mf_isolate *isolate, v8::Local<v8::Context> context, module_entry *entry);

/* What a specifier names, seen from |referrer|: a module of the bundle, or a built-in one. Both NULL and an exception
 * when there is none. */
struct module_target {
    module_entry *entry;
    struct builtin *builtin;
};
module_target
module_resolve(mf_isolate *isolate, const std::string &referrer, v8::Local<v8::String> specifier);
v8::MaybeLocal<v8::Module>
module_builtin(mf_isolate *isolate, v8::Local<v8::Context> context, struct builtin *builtin);

/* Source and origin of one script module; ASCII is not copied. */
v8::MaybeLocal<v8::String> module_source(v8::Isolate *isolate, mf_slice body);
v8::ScriptOrigin module_origin(mf_isolate *isolate,
                               module_entry *entry,
                               bool is_module,
                               int line = 0,
                               v8::Local<v8::Value> name = {}); /* A string: in place of the module's. */

/* import() and the isolate's other hooks. */
void module_install_callbacks(v8::Isolate *isolate);
void module_table_free(module_table *table);

} // namespace mf
#endif
