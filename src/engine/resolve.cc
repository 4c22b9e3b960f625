#include "resolve.h"

#include <vector>

#include <mayfly/base.h>

namespace mf
{

/* Appends |path|'s parts; "" and "." mean nothing, ".." takes one back. */
static bool walk(const std::string &path, size_t end, std::vector<std::string> *parts)
{
    size_t start = 0;
    while (start < end) {
        size_t slash = path.find('/', start);
        if (slash == std::string::npos || slash > end) {
            slash = end;
        }
        std::string part = path.substr(start, slash - start);
        start = slash + 1;
        if (part.empty() || part == ".") {
            continue;
        }
        if (part == "..") {
            if (parts->empty()) {
                return false;
            }
            parts->pop_back();
            continue;
        }
        parts->push_back(std::move(part));
    }
    return true;
}

static bool stands_alone(const std::string &specifier)
{
    for (const char *prefix : {"node:", "cloudflare:", "workerd:"}) {
        if (specifier.compare(0, strlen(prefix), prefix) == 0) {
            return true;
        }
    }
    return false;
}

bool resolve_specifier(const std::string &referrer, const std::string &specifier, std::string *ret_path)
{
    if (specifier.find('\0') != std::string::npos || specifier.size() > MF_MODULE_NAME_BYTES_MAX) {
        return false;
    }
    if (stands_alone(specifier)) {
        *ret_path = specifier;
        return true;
    }
    std::vector<std::string> parts;
    if (specifier.empty() || specifier[0] != '/') {
        size_t folder = referrer.rfind('/');
        if (folder != std::string::npos && !walk(referrer, folder, &parts)) {
            return false;
        }
    }
    if (!walk(specifier, specifier.size(), &parts)) {
        return false;
    }
    std::string path;
    for (const std::string &part : parts) {
        if (!path.empty()) {
            path += '/';
        }
        path += part;
    }
    *ret_path = path;
    return true;
}

} // namespace mf
