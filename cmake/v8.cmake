# V8 as mf_v8. To try another V8, set V8_ROOT to a folder with include/ and libv8_monolith.a; that is the one line.
set(MF_V8_VERSION 24.12.0.1) # of the libv8-node gem; third_party/v8.lock has the same, with checksums
if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
    set(v8_platform aarch64-linux)
else()
    set(v8_platform x86_64-linux)
endif()
set(V8_ROOT ${MF_DEPS_DIR}/v8/${MF_V8_VERSION} CACHE PATH "V8's headers and monolith")
find_file(V8_LIBRARY libv8_monolith.a PATHS ${V8_ROOT} ${V8_ROOT}/${v8_platform}/libv8/obj NO_DEFAULT_PATH)
if(NOT V8_LIBRARY)
    message(FATAL_ERROR "V8 is missing below ${V8_ROOT}: run third_party/install")
endif()

add_library(mf_v8 INTERFACE)
target_include_directories(mf_v8 SYSTEM INTERFACE ${V8_ROOT}/include)
target_link_libraries(mf_v8 INTERFACE ${V8_LIBRARY} Threads::Threads ${CMAKE_DL_LIBS} stdc++ m)
# As V8 itself is built: no exceptions, no type information.
target_compile_options(mf_v8 INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions;-fno-rtti>")
if(MF_SANITIZE)
    target_compile_options(mf_v8 INTERFACE "$<$<COMPILE_LANGUAGE:CXX>:-fno-sanitize=vptr>")
endif()

# Put before V8's own by the linker: what it does with memory between two isolates (src/engine/replaced.cc), and the
# allocation functions, so that what V8 takes with malloc is counted (src/engine/native.cc).
set(v8_wrapped _ZN2v88internal8PagePool3AddEPNS0_7IsolateEPNS0_19MutablePageMetadataE
    _ZN2v84base23AddressSpaceReservation4FreeEPvm
    _ZN2v84base23AddressSpaceReservation8AllocateEPvmNS0_2OS16MemoryPermissionE
    malloc calloc realloc posix_memalign free
    _Znwm _Znam _ZnwmRKSt9nothrow_t _ZnamRKSt9nothrow_t _ZnamSt11align_val_t
    _ZdlPv _ZdlPvm _ZdaPv _ZdaPvm _ZdaPvSt11align_val_t)
list(TRANSFORM v8_wrapped PREPEND "-Wl,--wrap=")
target_link_options(mf_v8 INTERFACE ${v8_wrapped})
if(MF_HAVE_FUSE_LD_MOLD)
    target_link_options(mf_v8 INTERFACE -fuse-ld=mold)
endif()
add_library(mf_v8_replaced STATIC ${CMAKE_SOURCE_DIR}/src/engine/replaced.cc)
target_include_directories(mf_v8_replaced PRIVATE ${CMAKE_SOURCE_DIR}/include)
target_link_libraries(mf_v8_replaced PRIVATE mf_flags)
target_link_libraries(mf_v8 INTERFACE mf_v8_replaced)

# The monolith is built against glibc 2.38 and libstdc++ 13; src/engine/compat.cc stands in where they are older.
include(CheckCXXSourceCompiles)
check_cxx_source_compiles("
extern \"C\" long __isoc23_strtol(const char *, char **, int);
int main(int argc, char **argv) { return (int)__isoc23_strtol(argv[0], nullptr, 10); }" MF_HAVE_ISOC23)
check_cxx_source_compiles("
extern \"C\" void cold(void *) __asm__(\"_ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEE15_M_replace_coldEPcmPKcmm\");
int main() { cold(nullptr); return 0; }" MF_HAVE_REPLACE_COLD)
if(NOT MF_HAVE_ISOC23 OR NOT MF_HAVE_REPLACE_COLD)
    add_library(mf_v8_compat STATIC ${CMAKE_SOURCE_DIR}/src/engine/compat.cc)
    target_link_libraries(mf_v8_compat PRIVATE mf_flags)
    target_link_libraries(mf_v8 INTERFACE mf_v8_compat) # After the monolith, which asks for it.
    if(NOT MF_HAVE_ISOC23)
        target_compile_definitions(mf_v8_compat PRIVATE MF_COMPAT_ISOC23)
    endif()
    if(NOT MF_HAVE_REPLACE_COLD)
        target_compile_definitions(mf_v8_compat PRIVATE MF_COMPAT_REPLACE_COLD)
    endif()
endif()
