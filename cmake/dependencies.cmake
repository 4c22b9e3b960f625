# Every library that Mayfly links, as mf_<name>; docs/dependencies.md says why each is here.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

pkg_check_modules(UV REQUIRED IMPORTED_TARGET libuv>=1.44)
add_library(mf_uv ALIAS PkgConfig::UV)
pkg_check_modules(OPENSSL REQUIRED IMPORTED_TARGET openssl>=3.0)
add_library(mf_openssl ALIAS PkgConfig::OPENSSL)
pkg_check_modules(CJSON REQUIRED IMPORTED_TARGET libcjson>=1.7)
add_library(mf_cjson ALIAS PkgConfig::CJSON)
pkg_check_modules(SECCOMP REQUIRED IMPORTED_TARGET libseccomp>=2.5)
add_library(mf_seccomp ALIAS PkgConfig::SECCOMP)

# llhttp: Debian 12 ships its C sources inside node-llhttp, later ones a library.
pkg_check_modules(LLHTTP IMPORTED_TARGET libllhttp)
if(LLHTTP_FOUND)
    add_library(mf_llhttp ALIAS PkgConfig::LLHTTP)
elseif(EXISTS /usr/share/llhttp/llhttp.c)
    add_library(mf_llhttp STATIC /usr/share/llhttp/api.c /usr/share/llhttp/http.c /usr/share/llhttp/llhttp.c)
    target_include_directories(mf_llhttp SYSTEM PUBLIC /usr/share/include/llhttp)
    target_compile_options(mf_llhttp PRIVATE -w)
else()
    message(FATAL_ERROR "llhttp is missing: run third_party/install")
endif()

if(MF_WITH_V8)
    include(v8)
endif()
