# The clients: clients/js is compiled by the TypeScript of third_party/npm-clients into build/<preset>/clients/js, which is what an npm
# package of it would have as dist/; clients/types makes the declarations of what a worker sees, in build/<preset>/clients/types.
# clients/python needs no build.
set(MF_CLIENT_NPM ${MF_DEPS_DIR}/npm-clients/node_modules)
set(MF_CLIENT_JS ${CMAKE_BINARY_DIR}/clients/js)
if(NOT EXISTS ${MF_CLIENT_NPM}/typescript/bin/tsc)
    message(FATAL_ERROR "The clients' npm packages are missing below ${MF_DEPS_DIR}/npm-clients: run third_party/install")
endif()
find_program(MF_NODE NAMES node nodejs REQUIRED)
file(GLOB mf_client_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/clients/js/src/*.ts)
add_custom_command(
    OUTPUT ${MF_CLIENT_JS}/.stamp
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${MF_CLIENT_JS}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${MF_CLIENT_JS}
    COMMAND ${MF_NODE} ${MF_CLIENT_NPM}/typescript/bin/tsc -p ${CMAKE_SOURCE_DIR}/clients/js --outDir ${MF_CLIENT_JS}
    COMMAND ${CMAKE_COMMAND} -E echo "{\"type\": \"module\"}" > ${MF_CLIENT_JS}/package.json
    COMMAND ${CMAKE_COMMAND} -E touch ${MF_CLIENT_JS}/.stamp
    DEPENDS ${mf_client_sources} ${CMAKE_SOURCE_DIR}/clients/js/tsconfig.json ${CMAKE_SOURCE_DIR}/third_party/npm-clients/package-lock.json
    COMMENT "Compiling clients/js"
    VERBATIM)
add_custom_target(mf_client_js ALL DEPENDS ${MF_CLIENT_JS}/.stamp)

set(MF_CLIENT_TYPES ${CMAKE_BINARY_DIR}/clients/types)
add_custom_command(
    OUTPUT ${MF_CLIENT_TYPES}/index.d.ts
    COMMAND ${CMAKE_COMMAND} -E make_directory ${MF_CLIENT_TYPES}
    COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_SOURCE_DIR}/clients/types/package.json ${CMAKE_SOURCE_DIR}/clients/types/README.md ${MF_CLIENT_TYPES}
    COMMAND ${MF_NODE} ${CMAKE_SOURCE_DIR}/clients/types/make.mjs ${MF_CLIENT_NPM}/typescript ${MF_CLIENT_TYPES}/index.d.ts
    DEPENDS ${CMAKE_SOURCE_DIR}/clients/types/make.mjs ${CMAKE_SOURCE_DIR}/clients/types/worker.d.ts ${CMAKE_SOURCE_DIR}/clients/types/package.json
            ${CMAKE_SOURCE_DIR}/clients/types/README.md ${CMAKE_SOURCE_DIR}/third_party/npm-clients/package-lock.json
    COMMENT "Making clients/types"
    VERBATIM)
add_custom_target(mf_client_types ALL DEPENDS ${MF_CLIENT_TYPES}/index.d.ts)
