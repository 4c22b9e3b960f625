#include "snapshot.h"

#include <string>
#include <vector>

#include "engine_init.h"
#include "isolate.h"
#include "program.h"

namespace mf
{

/* Little-endian and aligned to 8, as both writer and reader are the same build. After the header come the sizes of all
 * parts (V8's snapshot, then one cache for each script), then the parts. */
struct blob_header {
    char magic[8];
    uint64_t fingerprint;
    uint64_t parts_count;
};

static const char MAGIC[8] = {'m', 'a', 'y', 'f', 'l', 'y', '0', '1'};

static v8::StartupData startup;
static std::vector<mf_slice> caches;

static size_t aligned(size_t size)
{
    return (size + 15) & ~static_cast<size_t>(15);
}

int snapshot_use(mf_slice blob)
{
    startup = {nullptr, 0};
    caches.clear();
    if (blob.size == 0) {
        return 0;
    }
    blob_header header;
    if (blob.size < sizeof(header)) {
        return MF_E_CONFIG;
    }
    memcpy(&header, blob.data, sizeof(header));
    if (memcmp(header.magic, MAGIC, sizeof(MAGIC)) != 0 || header.fingerprint != program_fingerprint() ||
        header.parts_count != program_get()->scripts_count + 1) {
        return MF_E_CONFIG;
    }
    size_t offset = aligned(sizeof(header) + header.parts_count * sizeof(uint64_t));
    for (size_t i = 0; i < header.parts_count; i++) {
        uint64_t size;
        memcpy(&size, blob.data + sizeof(header) + i * sizeof(size), sizeof(size));
        if (offset > blob.size || size > blob.size - offset) {
            return MF_E_CONFIG;
        }
        mf_slice part = mf_slice_of(blob.data + offset, size);
        if (i == 0) {
            startup = {reinterpret_cast<const char *>(part.data), static_cast<int>(part.size)};
        } else {
            caches.push_back(part);
        }
        offset += aligned(size);
    }
    return offset == blob.size && startup.IsValid() ? 0 : MF_E_CONFIG;
}

const v8::StartupData *snapshot_startup()
{
    return startup.data ? &startup : nullptr;
}

mf_slice snapshot_code_cache(size_t index)
{
    return index < caches.size() ? caches[index] : mf_slice_of(nullptr, 0);
}

/* ---- make ---------------------------------------------------------------------------------- */

static int append_aligned(mf_buf *blob, const void *data, size_t size)
{
    static const uint8_t zeros[16] = {0};
    int rc = mf_buf_append(blob, data, size);
    return rc < 0 ? rc : mf_buf_append(blob, zeros, aligned(size) - size);
}

static bool make_caches_in(mf_isolate *isolate, std::vector<std::string> *ret_caches)
{
    v8::HandleScope outer(isolate->v8);
    v8::Local<v8::Context> context = isolate->context.Get(isolate->v8);
    v8::Context::Scope scope(context);
    const mf_engine_program *program = program_get();
    for (size_t i = 0; i < program->scripts_count; i++) {
        std::string bytes;
        if (program->scripts[i].is_lazy) {
            v8::HandleScope handles(isolate->v8);
            v8::TryCatch caught(isolate->v8);
            v8::Local<v8::Function> function;
            if (!program_compile(context, i, {nullptr, 0}, v8::ScriptCompiler::kEagerCompile)
                     .ToLocal(&function)) {
                v8::String::Utf8Value why(isolate->v8, caught.Exception());
                fprintf(stderr, "%s: %s\n", program->scripts[i].name, *why ? *why : "cannot be compiled");
                return false;
            }
            std::unique_ptr<v8::ScriptCompiler::CachedData> cache(
                v8::ScriptCompiler::CreateCodeCacheForFunction(function));
            bytes.assign(reinterpret_cast<const char *>(cache->data), static_cast<size_t>(cache->length));
        }
        ret_caches->push_back(std::move(bytes));
    }
    return true;
}

/* The caches hold every function of their script: nothing is parsed in a run. Made in an isolate of the new snapshot,
 * since V8 makes none while it writes one. */
static bool make_caches(const v8::StartupData &data, std::vector<std::string> *ret_caches)
{
    startup = data;
    mf_isolate_options options = {256u << 20, true};
    mf_isolate *isolate = nullptr;
    if (mf_isolate_new(&options, &isolate) < 0) {
        return false;
    }
    mf_isolate_enter(isolate, 512 * 1024);
    bool is_fine = make_caches_in(isolate, ret_caches);
    mf_isolate_leave(isolate);
    mf_isolate_free(isolate);
    startup = {nullptr, 0};
    return is_fine;
}
static bool fill(v8::SnapshotCreator *creator, mf_isolate *isolate)
{
    v8::Isolate *v8 = isolate->v8;
    v8::HandleScope handles(v8);
    v8::Local<v8::Context> context = v8::Context::New(v8);
    v8::Context::Scope scope(context);
    isolate->context.Reset(v8, context);
    program_install(isolate, context);
    std::string error;
    if (!program_run(isolate, context, &error)) {
        fprintf(stderr, "snapshot: %s\n", error.c_str());
        return false;
    }
    creator->AddData(context, program_save(isolate, context));
    creator->SetDefaultContext(context);
    return true;
}

static int write_blob(mf_buf *blob, const v8::StartupData &data, const std::vector<std::string> &made)
{
    std::vector<uint64_t> sizes = {static_cast<uint64_t>(data.raw_size)};
    for (const std::string &cache : made) {
        sizes.push_back(cache.size());
    }
    blob_header header;
    memcpy(header.magic, MAGIC, sizeof(MAGIC));
    header.fingerprint = program_fingerprint();
    header.parts_count = sizes.size();
    std::string head(reinterpret_cast<const char *>(&header), sizeof(header));
    head.append(reinterpret_cast<const char *>(sizes.data()), sizes.size() * sizeof(uint64_t));
    int rc = append_aligned(blob, head.data(), head.size());
    if (rc == 0) {
        rc = append_aligned(blob, data.data, static_cast<size_t>(data.raw_size));
    }
    for (size_t i = 0; rc == 0 && i < made.size(); i++) {
        rc = append_aligned(blob, made[i].data(), made[i].size());
    }
    return rc;
}

static bool make_startup(v8::StartupData *ret_data)
{
    mf_isolate isolate;
    isolate.account = std::make_shared<mf::account>();
    isolate.buffers = std::make_shared<mf::buffers>(isolate.account);
    v8::Isolate::CreateParams params;
    params.array_buffer_allocator_shared = isolate.buffers;
    params.external_references = program_external_references();
    v8::SnapshotCreator creator(params);
    isolate.v8 = creator.GetIsolate();
    isolate.v8->SetData(0, &isolate);
    isolate.v8->SetMicrotasksPolicy(v8::MicrotasksPolicy::kExplicit);

    bool is_fine = fill(&creator, &isolate);
    isolate_drop_handles(&isolate); /* None of ours may be open when V8 writes. */
    *ret_data = creator.CreateBlob(v8::SnapshotCreator::FunctionCodeHandling::kKeep);
    return is_fine && ret_data->data;
}

} // namespace mf

int mf_engine_make_snapshot(const mf_engine_program *program, mf_buf *blob)
{
    mf::program_set(program);
    int rc = mf::engine_init_v8(nullptr, false);
    if (rc < 0) {
        return rc;
    }
    v8::StartupData data = {nullptr, 0};
    std::vector<std::string> caches;
    bool is_fine = mf::make_startup(&data) && mf::make_caches(data, &caches);
    rc = is_fine ? mf::write_blob(blob, data, caches) : MF_E_CONFIG;
    delete[] data.data;
    return rc;
}
