/* members.cc - `internals`, `ops` and `constants` are objects that begin empty. Their prototype is asked for each name that they
 * have not, and gives them what the tables have under it. So an isolate is born with what the eager scripts used while the
 * snapshot was made, and the rest of the tables, most of them for APIs that few workers touch, costs it nothing.
 */
#include "members.h"

#include <cstring>
#include <string>

#include "internals.h"
#include "isolate.h"
#include "op.h"
#include "program.h"
#include "value.h"

namespace mf
{

enum member_kind { MEMBER_FUNCTION, MEMBER_OP, MEMBER_CONSTANT };

static v8::Local<v8::Function> make_function(v8::Local<v8::Context> context,
                                             v8::FunctionCallback callback,
                                             v8::Local<v8::Value> data,
                                             const char *name)
{
    v8::Isolate *isolate = context->GetIsolate();
    v8::Local<v8::FunctionTemplate> pattern =
        v8::FunctionTemplate::New(isolate, callback, data, {}, 0, v8::ConstructorBehavior::kThrow);
    pattern->SetClassName(text_internalized(isolate, name));
    return pattern->GetFunction(context).ToLocalChecked();
}

static v8::Local<v8::Value> find_function(v8::Local<v8::Context> context, const std::string &name)
{
    for (size_t i = 0; i < internals_functions_count; i++) {
        if (name == internals_functions[i].name) {
            return make_function(context, internals_functions[i].callback, {}, internals_functions[i].name);
        }
    }
    return {};
}

static v8::Local<v8::Value> find_op(v8::Local<v8::Context> context, const std::string &name)
{
    const mf_engine_program *program = program_get();
    for (size_t i = 0; i < program->ops_count; i++) {
        if (name == program->ops[i].name) {
            v8::Local<v8::Value> index =
                v8::Integer::NewFromUnsigned(context->GetIsolate(), static_cast<uint32_t>(i));
            return make_function(context, op_entry, index, program->ops[i].name);
        }
    }
    return {};
}

static v8::Local<v8::Value> find_constant(v8::Local<v8::Context> context, const std::string &name)
{
    const mf_engine_program *program = program_get();
    for (size_t i = 0; i < program->constants_count; i++) {
        if (name == program->constants[i].name) {
            return v8::Number::New(context->GetIsolate(), program->constants[i].number);
        }
    }
    return {};
}

/* V8 -> a name that |info.This()| has not. */
static v8::Intercepted get_member(v8::Local<v8::Name> name, const v8::PropertyCallbackInfo<v8::Value> &info)
{
    v8::Isolate *v8 = info.GetIsolate();
    v8::Local<v8::Context> context = v8->GetCurrentContext();
    std::string text = text_to_std(v8, name.As<v8::String>());
    v8::Local<v8::Value> value;
    switch (static_cast<member_kind>(info.Data().As<v8::Uint32>()->Value())) {
    case MEMBER_FUNCTION:
        value = find_function(context, text);
        break;
    case MEMBER_OP:
        value = find_op(context, text);
        break;
    case MEMBER_CONSTANT:
        value = find_constant(context, text);
        break;
    }
    if (value.IsEmpty()) {
        return v8::Intercepted::kNo;
    }
    auto attributes = static_cast<v8::PropertyAttribute>(v8::ReadOnly | v8::DontDelete);
    ignore(info.This()->DefineOwnProperty(context, name, value, attributes));
    info.GetReturnValue().Set(value);
    return v8::Intercepted::kYes;
}

static v8::Local<v8::Object> make_object(v8::Local<v8::Context> context, member_kind kind)
{
    v8::Isolate *v8 = context->GetIsolate();
    v8::Local<v8::ObjectTemplate> pattern = v8::ObjectTemplate::New(v8);
    pattern->SetHandler(v8::NamedPropertyHandlerConfiguration(
        get_member, nullptr, nullptr, nullptr, nullptr, v8::Integer::New(v8, kind),
        v8::PropertyHandlerFlags::kOnlyInterceptStrings));
    v8::Local<v8::Object> prototype = pattern->NewInstance(context).ToLocalChecked();
    prototype->SetPrototypeV2(context, v8::Null(v8)).Check();
    return v8::Object::New(v8, prototype, nullptr, nullptr, 0);
}

v8::Local<v8::Object> members_make(v8::Local<v8::Context> context)
{
    v8::Isolate *v8 = context->GetIsolate();
    auto attributes = static_cast<v8::PropertyAttribute>(v8::ReadOnly | v8::DontDelete);
    v8::Local<v8::Object> internals = make_object(context, MEMBER_FUNCTION);
    internals
        ->DefineOwnProperty(context, text_internalized(v8, "ops"), make_object(context, MEMBER_OP),
                            attributes)
        .Check();
    internals
        ->DefineOwnProperty(context, text_internalized(v8, "constants"),
                            make_object(context, MEMBER_CONSTANT), attributes)
        .Check();
    return internals;
}

void members_add_references(std::vector<intptr_t> *references)
{
    references->push_back(reinterpret_cast<intptr_t>(get_member));
}

} // namespace mf
