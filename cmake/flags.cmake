# The flags of all our code, as one interface target. V8's headers are system headers: their warnings are theirs.
include(CheckCCompilerFlag)

add_library(mf_flags INTERFACE)
set(warnings -Wall -Wextra -Wconversion -Wshadow -Wvla -Wformat=2 -Wimplicit-fallthrough -Wswitch-enum -Wundef)
set(warnings_c -Wstrict-prototypes -Wmissing-prototypes)
target_compile_options(mf_flags INTERFACE ${warnings} "$<$<COMPILE_LANGUAGE:C>:${warnings_c}>" -fno-strict-aliasing)
target_compile_definitions(mf_flags INTERFACE _GNU_SOURCE MF_VERSION="${PROJECT_VERSION}")
if(MF_WERROR)
    target_compile_options(mf_flags INTERFACE -Werror)
endif()

set(MF_SANITIZER_ENVIRONMENT "")
if(MF_SANITIZE)
    target_compile_options(mf_flags INTERFACE -fsanitize=${MF_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(mf_flags INTERFACE -fsanitize=${MF_SANITIZE})
    # V8 is not instrumented: containers that cross into it would be reported wrongly.
    set(MF_SANITIZER_ENVIRONMENT "ASAN_OPTIONS=detect_container_overflow=0:detect_leaks=1:abort_on_error=1;UBSAN_OPTIONS=print_stacktrace=1;MF_TEST_JAIL=none")
else()
    target_compile_options(mf_flags INTERFACE -fstack-protector-strong -fstack-clash-protection)
    if(CMAKE_BUILD_TYPE MATCHES "Rel")
        target_compile_definitions(mf_flags INTERFACE _FORTIFY_SOURCE=2)
    endif()
    foreach(flag -fcf-protection -ftrivial-auto-var-init=zero)
        string(MAKE_C_IDENTIFIER "MF_HAVE${flag}" have)
        check_c_compiler_flag(${flag} ${have})
        if(${have})
            target_compile_options(mf_flags INTERFACE ${flag})
        endif()
    endforeach()
endif()
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
include(CheckPIESupported)
check_pie_supported(LANGUAGES C CXX)
target_link_options(mf_flags INTERFACE -Wl,-z,relro,-z,now)

# The programs that hold V8 are linked anew after each change: with mold that is a moment, with binutils' ld it is most of the build.
# The others take binutils': mold 1.10 has made a mayflyd whose few bytes of thread-local data stood where no page was, and which could
# not start.
find_program(MF_MOLD mold)
if(MF_MOLD)
    include(CheckLinkerFlag)
    check_linker_flag(C -fuse-ld=mold MF_HAVE_FUSE_LD_MOLD)
endif()
