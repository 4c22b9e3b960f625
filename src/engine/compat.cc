/* What the prebuilt V8 wants from glibc 2.38 and libstdc++ 13, for systems that have older ones (Debian 12).
 * Built only where the link needs it: cmake/v8.cmake. */
#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#ifdef MF_COMPAT_ISOC23
/* C23 adds binary literals to the strto* family; V8 and ICU never parse such text here. */
extern "C" {
long __isoc23_strtol(const char *text, char **end, int base)
{
    return strtol(text, end, base);
}
long long __isoc23_strtoll(const char *text, char **end, int base)
{
    return strtoll(text, end, base);
}
unsigned long __isoc23_strtoul(const char *text, char **end, int base)
{
    return strtoul(text, end, base);
}
unsigned long long __isoc23_strtoull(const char *text, char **end, int base)
{
    return strtoull(text, end, base);
}
int __isoc23_sscanf(const char *text, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int count = vsscanf(text, format, args);
    va_end(args);
    return count;
}
int __isoc23_fscanf(FILE *file, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int count = vfscanf(file, format, args);
    va_end(args);
    return count;
}
}
#endif

#ifdef MF_COMPAT_REPLACE_COLD
/* std::string::_M_replace_cold: |size_old| characters at |at| become the |size_new| of |text|, which lies inside the
 * same string; |tail| characters follow. The capacity suffices. */
extern "C" void mf_compat_replace_cold(
    void *self,
    char *at,
    size_t size_old,
    const char *text,
    size_t size_new,
    size_t tail) __asm__("_ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE15_M_replace_coldEPcmPKcmm");

extern "C" void
mf_compat_replace_cold(void *, char *at, size_t size_old, const char *text, size_t size_new, size_t tail)
{
    if (size_new > 0 && size_new <= size_old) {
        memmove(at, text, size_new);
    }
    if (tail > 0 && size_old != size_new) {
        memmove(at + size_new, at + size_old, tail);
    }
    if (size_new <= size_old) {
        return;
    }
    if (text + size_new <= at + size_old) { /* Before what moved. */
        memmove(at, text, size_new);
    } else if (text >= at + size_old) { /* It moved along. */
        memmove(at, text + (size_new - size_old), size_new);
    } else { /* Its end moved, its start did not. */
        size_t left = static_cast<size_t>(at + size_old - text);
        memmove(at, text, left);
        memcpy(at + left, at + size_new, size_new - left);
    }
}
#endif
