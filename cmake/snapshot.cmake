# The startup snapshot: mayfly-mksnapshot runs the runtime's scripts and writes a blob, and mf_snapshot carries it. Made anew
# when a script of the runtime, the engine or V8 changes. The executor links it: mayfly/snapshot.h.
if(NOT TARGET mf_runtime OR NOT EXISTS ${CMAKE_SOURCE_DIR}/src/runtime/main_snapshot.c)
    return()
endif()

get_target_property(doors mf_runtime MF_DOORS)
add_executable(mayfly-mksnapshot src/runtime/main_snapshot.c)
target_include_directories(mayfly-mksnapshot PRIVATE ${doors})
target_link_libraries(mayfly-mksnapshot PRIVATE mf_runtime mf_flags)

set(snapshot ${CMAKE_BINARY_DIR}/snapshot/mayfly.snapshot)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/snapshot)
# V8's own memory is left to the system when the tool ends: no leak check.
add_custom_command(OUTPUT ${snapshot}
    COMMAND ${CMAKE_COMMAND} -E env ASAN_OPTIONS=detect_leaks=0:detect_container_overflow=0 TZ=UTC
            $<TARGET_FILE:mayfly-mksnapshot> ${snapshot}
    DEPENDS mayfly-mksnapshot VERBATIM COMMENT "Making the startup snapshot")

add_library(mf_snapshot STATIC src/runtime/main_snapshot_blob.c)
set_source_files_properties(src/runtime/main_snapshot_blob.c PROPERTIES
    COMPILE_DEFINITIONS "MF_SNAPSHOT_PATH=\"${snapshot}\"" OBJECT_DEPENDS ${snapshot})
target_include_directories(mf_snapshot PRIVATE ${CMAKE_SOURCE_DIR}/include)
target_link_libraries(mf_snapshot PRIVATE mf_flags)

if(TARGET mf_executor)
    get_target_property(doors mf_executor MF_DOORS)
    file(CREATE_LINK ${CMAKE_SOURCE_DIR}/include/mayfly/snapshot.h ${doors}/mayfly/snapshot.h SYMBOLIC)
    target_link_libraries(mf_executor INTERFACE mf_snapshot)
endif()
