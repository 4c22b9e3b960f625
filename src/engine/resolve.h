/* Specifiers are paths in the bundle: pure path math, as Cloudflare's loader does it. */
#ifndef MAYFLY_ENGINE_RESOLVE_H
#define MAYFLY_ENGINE_RESOLVE_H

#include <string>

namespace mf
{

/* "./b.js" seen from "lib/a.js" is "lib/b.js"; "/x" starts at the root; "node:", "cloudflare:" and "workerd:" stand
 * alone. False when ".." leaves the root or a NUL is in it. */
bool resolve_specifier(const std::string &referrer, const std::string &specifier, std::string *ret_path);

} // namespace mf
#endif
