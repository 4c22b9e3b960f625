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
