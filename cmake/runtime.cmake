# The runtime's JavaScript becomes bytes of the program: src/runtime/embed.mjs bundles what comes from npm (node and esbuild run
# here, at build time only) and writes one assembler file and one table, which the runtime room takes in.
find_program(MF_NODE NAMES node nodejs REQUIRED)
set(MF_RUNTIME_GENERATED ${CMAKE_BINARY_DIR}/runtime)
set(MF_RUNTIME_NPM ${MF_DEPS_DIR}/npm/node_modules)

file(GLOB mf_runtime_inputs CONFIGURE_DEPENDS
    ${CMAKE_SOURCE_DIR}/src/runtime/*/*.js ${CMAKE_SOURCE_DIR}/src/runtime/*/*.mjs ${CMAKE_SOURCE_DIR}/src/runtime/*/*.cjs)
add_custom_command(
    OUTPUT ${MF_RUNTIME_GENERATED}/scripts.S ${MF_RUNTIME_GENERATED}/scripts.h
    COMMAND ${MF_NODE} ${CMAKE_SOURCE_DIR}/src/runtime/embed.mjs ${MF_RUNTIME_NPM} ${MF_RUNTIME_GENERATED}
    DEPENDS ${mf_runtime_inputs} ${CMAKE_SOURCE_DIR}/src/runtime/js/MANIFEST ${CMAKE_SOURCE_DIR}/src/runtime/embed.mjs
            ${CMAKE_SOURCE_DIR}/third_party/npm/package-lock.json
    COMMENT "Bundling the runtime's JavaScript"
    VERBATIM)
# .incbin is invisible to the dependency scan.
set_source_files_properties(${MF_RUNTIME_GENERATED}/scripts.S PROPERTIES OBJECT_DEPENDS "${mf_runtime_inputs}")

# This file is read before mf_room(runtime) makes the target.
function(mf_runtime_attach)
    target_sources(mf_runtime PRIVATE ${MF_RUNTIME_GENERATED}/scripts.S ${MF_RUNTIME_GENERATED}/scripts.h)
    target_include_directories(mf_runtime PRIVATE ${MF_RUNTIME_GENERATED})
endfunction()
cmake_language(DEFER CALL mf_runtime_attach)
