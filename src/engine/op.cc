#include "op.h"

#include <cmath>

#include "door.h"

#include "isolate.h"
#include "native.h"
#include "program.h"
#include "value.h"

/* Copies of arguments live here until the op returns: small ones inside, others in a chain of blocks. */
struct scratch_block {
    scratch_block *next;
};

struct mf_op_call {
    const v8::FunctionCallbackInfo<v8::Value> *info;
    mf_isolate *isolate;
    const mf_op *op;
    scratch_block *blocks;
    size_t inside_used;
    alignas(16) uint8_t inside[512];
};

namespace mf
{

static void free_blocks(mf_op_call *call)
{
    while (call->blocks) {
        scratch_block *next = call->blocks->next;
        mf_free(call->blocks);
        call->blocks = next;
    }
}

void op_entry(const v8::FunctionCallbackInfo<v8::Value> &info)
{
    const mf_engine_program *program = program_get();
    uint32_t index = info.Data().As<v8::Uint32>()->Value();
    MF_ASSERT(index < program->ops_count);

    mf_op_call call;
    call.info = &info;
    call.isolate = mf_isolate::of(info.GetIsolate());
    call.op = &program->ops[index];
    call.blocks = nullptr;
    call.inside_used = 0;
    native_pause pause; /* What the op allocates may be freed by another thread. */
    call.op->fn(&call);
    free_blocks(&call);
}

static uint8_t *scratch(mf_op_call *call, size_t size)
{
    size_t rounded = (size + 15) & ~static_cast<size_t>(15);
    if (rounded <= sizeof(call->inside) - call->inside_used) {
        uint8_t *memory = call->inside + call->inside_used;
        call->inside_used += rounded;
        return memory;
    }
    auto *block = static_cast<scratch_block *>(mf_try_alloc(sizeof(scratch_block) + 16 + size));
    if (!block) {
        return nullptr;
    }
    block->next = call->blocks;
    call->blocks = block;
    return reinterpret_cast<uint8_t *>(block) + 16;
}

static v8::Isolate *v8_of(mf_op_call *call)
{
    return call->info->GetIsolate();
}

static v8::Local<v8::Value> argument(mf_op_call *call, size_t index)
{
    return (*call->info)[static_cast<int>(index)]; /* Undefined when absent. */
}

static int wrong_type(mf_op_call *call, size_t index, const char *expected)
{
    throw_type_error(v8_of(call), std::string(call->op->name) + ": argument " + std::to_string(index + 1) +
                                      " is not " + expected);
    return MF_E_INVALID;
}

static int too_large(mf_op_call *call, size_t index)
{
    throw_range_error(v8_of(call), std::string(call->op->name) + ": argument " + std::to_string(index + 1) +
                                       " is too large");
    return MF_E_TOO_LARGE;
}

static int no_memory(mf_op_call *call)
{
    throw_range_error(v8_of(call), std::string(call->op->name) + ": out of memory");
    return MF_E_TOO_LARGE;
}

} // namespace mf

using namespace mf;

mf_isolate_host *mf_op_host(mf_op_call *call)
{
    return call->isolate->host;
}

mf_isolate *mf_op_isolate(mf_op_call *call)
{
    return call->isolate;
}

bool mf_op_is_ending(const mf_op_call *call)
{
    return call->isolate->reason.load(std::memory_order_relaxed) != 0;
}

void **mf_op_state(mf_op_call *call)
{
    return &call->isolate->ops_state;
}

size_t mf_op_arg_count(const mf_op_call *call)
{
    return static_cast<size_t>(call->info->Length());
}

int mf_op_arg_bool(mf_op_call *call, size_t index, bool *ret_value)
{
    v8::Local<v8::Value> value = argument(call, index);
    if (!value->IsBoolean()) {
        return wrong_type(call, index, "a boolean");
    }
    *ret_value = value->IsTrue();
    return 0;
}

int mf_op_arg_number(mf_op_call *call, size_t index, double *ret_value)
{
    v8::Local<v8::Value> value = argument(call, index);
    if (!value->IsNumber()) {
        return wrong_type(call, index, "a number");
    }
    *ret_value = value.As<v8::Number>()->Value();
    return 0;
}

int mf_op_arg_u32(mf_op_call *call, size_t index, uint32_t *ret_value)
{
    v8::Local<v8::Value> value = argument(call, index);
    if (!value->IsUint32()) {
        return wrong_type(call, index, "a whole number from 0 to 4294967295");
    }
    *ret_value = value.As<v8::Uint32>()->Value();
    return 0;
}

int mf_op_arg_utf8(mf_op_call *call, size_t index, mf_slice *ret_text)
{
    v8::Local<v8::Value> value = argument(call, index);
    if (!value->IsString()) {
        return wrong_type(call, index, "a string");
    }
    v8::Local<v8::String> text = value.As<v8::String>();
    if (static_cast<size_t>(text->Length()) > MF_EXECUTOR_OP_BYTES_MAX ||
        !text_may_flatten(v8_of(call), text)) {
        return too_large(call, index);
    }
    size_t size = text->Utf8LengthV2(v8_of(call));
    if (size > MF_EXECUTOR_OP_BYTES_MAX) {
        return too_large(call, index);
    }
    uint8_t *copy = scratch(call, size);
    if (!copy) {
        return no_memory(call);
    }
    size_t written = text->WriteUtf8V2(v8_of(call), reinterpret_cast<char *>(copy), size,
                                       v8::String::WriteFlags::kReplaceInvalidUtf8);
    *ret_text = mf_slice_of(copy, written);
    return 0;
}

int mf_op_arg_latin1(mf_op_call *call, size_t index, mf_slice *ret_text)
{
    v8::Local<v8::Value> value = argument(call, index);
    if (!value->IsString()) {
        return wrong_type(call, index, "a string");
    }
    v8::Local<v8::String> text = value.As<v8::String>();
    size_t size = static_cast<size_t>(text->Length());
    if (size > MF_EXECUTOR_OP_BYTES_MAX || !text_may_flatten(v8_of(call), text)) {
        return too_large(call, index);
    }
    if (!text->ContainsOnlyOneByte()) {
        return wrong_type(call, index, "a string of bytes");
    }
    uint8_t *copy = scratch(call, size);
    if (!copy) {
        return no_memory(call);
    }
    text->WriteOneByteV2(v8_of(call), 0, static_cast<uint32_t>(size), copy);
    *ret_text = mf_slice_of(copy, size);
    return 0;
}

/* The buffer behind |value| when it is one that may be read: attached, of fixed size, not shared. */
static bool is_plain_buffer(v8::Local<v8::ArrayBuffer> buffer)
{
    return !buffer->WasDetached() && !buffer->IsResizableByUserJavaScript();
}

int mf_op_arg_bytes(mf_op_call *call, size_t index, mf_slice *ret_bytes)
{
    v8::Local<v8::Value> value = argument(call, index);
    if (value->IsArrayBuffer()) {
        v8::Local<v8::ArrayBuffer> buffer = value.As<v8::ArrayBuffer>();
        if (!is_plain_buffer(buffer)) {
            return wrong_type(call, index, "an attached buffer of fixed size");
        }
        size_t size = buffer->ByteLength();
        if (size > MF_EXECUTOR_OP_BYTES_MAX) {
            return too_large(call, index);
        }
        uint8_t *copy = scratch(call, size);
        if (!copy) {
            return no_memory(call);
        }
        if (size > 0) {
            memcpy(copy, buffer->Data(), size);
        }
        *ret_bytes = mf_slice_of(copy, size);
        return 0;
    }
    if (!value->IsArrayBufferView()) {
        return wrong_type(call, index, "an ArrayBuffer or a view of one");
    }
    v8::Local<v8::ArrayBufferView> view = value.As<v8::ArrayBufferView>();
    if (view->HasBuffer()) {
        v8::Local<v8::Value> buffer = view->Buffer();
        if (!buffer->IsArrayBuffer() || !is_plain_buffer(buffer.As<v8::ArrayBuffer>())) {
            return wrong_type(call, index, "a view of an attached buffer of fixed size");
        }
    }
    size_t size = view->ByteLength();
    if (size > MF_EXECUTOR_OP_BYTES_MAX) {
        return too_large(call, index);
    }
    uint8_t *copy = scratch(call, size);
    if (!copy) {
        return no_memory(call);
    }
    *ret_bytes = mf_slice_of(copy, view->CopyContents(copy, size));
    return 0;
}

void mf_op_return(mf_op_call *call, mf_value value)
{
    v8::Local<v8::Value> result;
    if (value_make(v8_of(call), value).ToLocal(&result)) {
        call->info->GetReturnValue().Set(result);
    } else {
        (void)no_memory(call);
    }
}

int mf_op_fill(mf_op_call *call, size_t index, mf_slice bytes)
{
    v8::Local<v8::Value> value = argument(call, index);
    if (!value->IsArrayBufferView()) {
        return wrong_type(call, index, "a view of an ArrayBuffer");
    }
    v8::Local<v8::ArrayBufferView> view = value.As<v8::ArrayBufferView>();
    v8::Local<v8::Value> buffer = view->Buffer();
    if (!buffer->IsArrayBuffer() || !is_plain_buffer(buffer.As<v8::ArrayBuffer>())) {
        return wrong_type(call, index, "a view of an attached buffer of fixed size");
    }
    if (view->ByteLength() != bytes.size) {
        throw_range_error(v8_of(call), std::string(call->op->name) + ": the view has another size");
        return MF_E_INVALID;
    }
    if (bytes.size > 0) {
        memcpy(static_cast<uint8_t *>(buffer.As<v8::ArrayBuffer>()->Data()) + view->ByteOffset(), bytes.data,
               bytes.size);
    }
    return 0;
}

void mf_op_throw(mf_op_call *call, mf_op_error kind, const char *message)
{
    switch (kind) {
    case MF_OP_ERROR:
        throw_error(v8_of(call), message);
        break;
    case MF_OP_TYPE_ERROR:
        throw_type_error(v8_of(call), message);
        break;
    case MF_OP_RANGE_ERROR:
        throw_range_error(v8_of(call), message);
        break;
    }
}
