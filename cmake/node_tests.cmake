# mf_node_tests(label NAME=VALUE...): each <name>.test.mjs beside the calling CMakeLists.txt is ctest's <label>.<name>, run by Node's test runner with
# these variables, where the built programs are and what the sanitizers need.
find_program(MF_NODE NAMES node nodejs REQUIRED)

function(mf_node_tests label)
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.test.mjs)
    foreach(source ${sources})
        get_filename_component(name ${source} NAME)
        string(REGEX REPLACE "\\.test\\.mjs$" "" name ${name})
        add_test(NAME ${label}.${name} COMMAND ${MF_NODE} --test ${source})
        set_tests_properties(${label}.${name} PROPERTIES TIMEOUT 300 LABELS ${label} ENVIRONMENT
            "MF_BIN_DIR=${CMAKE_BINARY_DIR}/bin;${ARGN};${MF_SANITIZER_ENVIRONMENT}")
    endforeach()
endfunction()
