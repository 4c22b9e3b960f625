/* What V8, its zones and ICU take with malloc while they work for an isolate: counted like its heap. Else a script could
 * fill the machine with what V8 does not count itself (Intl objects, syntax trees).
 *
 * The linker sends the allocation functions of this program's objects through native.cc (cmake/v8.cmake, --wrap).
 * Counted is what happens on a thread inside a native_scope; an op of ours is outside (native_pause), since its memory
 * may be freed on another thread.
 */
#ifndef MAYFLY_ENGINE_NATIVE_H
#define MAYFLY_ENGINE_NATIVE_H

namespace mf
{

class native_scope
{
  public:
    native_scope();
    ~native_scope(); /* Books what is not booked yet. */
    native_scope(const native_scope &) = delete;
    native_scope &operator=(const native_scope &) = delete;
};

class native_pause
{
  public:
    native_pause();
    ~native_pause();
    native_pause(const native_pause &) = delete;
    native_pause &operator=(const native_pause &) = delete;

  private:
    bool was_counting_;
};

} // namespace mf
#endif
