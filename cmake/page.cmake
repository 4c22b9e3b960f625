# The page at /: src/page is bundled into build/<preset>/page, which src/api/ui.c holds as bytes.
set(MF_PAGE_NPM ${MF_DEPS_DIR}/npm-page/node_modules)
set(MF_PAGE ${CMAKE_BINARY_DIR}/page)
if(NOT EXISTS ${MF_PAGE_NPM}/preact)
    message(FATAL_ERROR "The page's npm packages are missing below ${MF_DEPS_DIR}/npm-page: run third_party/install")
endif()
find_program(MF_NODE NAMES node nodejs REQUIRED)
file(GLOB mf_page_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/page/*)
add_custom_command(
    OUTPUT ${MF_PAGE}/page_files.def
    BYPRODUCTS ${MF_PAGE}/index.html ${MF_PAGE}/page.js ${MF_PAGE}/page.css ${MF_PAGE}/index.html.gz ${MF_PAGE}/page.js.gz ${MF_PAGE}/page.css.gz
    COMMAND ${MF_NODE} ${CMAKE_SOURCE_DIR}/src/page/bundle.mjs ${MF_PAGE_NPM} ${MF_DEPS_DIR}/npm/node_modules ${MF_PAGE}
    DEPENDS ${mf_page_sources} ${CMAKE_SOURCE_DIR}/third_party/npm-page/package-lock.json
    COMMENT "Bundling src/page"
    VERBATIM)
set_source_files_properties(src/api/ui.c PROPERTIES
    COMPILE_DEFINITIONS MF_PAGE="${MF_PAGE}"
    COMPILE_OPTIONS -I${MF_PAGE}
    OBJECT_DEPENDS ${MF_PAGE}/page_files.def)
