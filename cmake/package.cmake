# What an installation has besides the programs, and the Debian package: `cpack -G DEB` in the build folder.
find_program(NODE node REQUIRED)
set(man ${CMAKE_BINARY_DIR}/man)
file(MAKE_DIRECTORY ${man})
add_custom_command(OUTPUT ${man}/mayfly.json.5
    COMMAND ${NODE} ${CMAKE_SOURCE_DIR}/packaging/man/config.mjs ${CMAKE_SOURCE_DIR}/docs/config.md > ${man}/mayfly.json.5
    DEPENDS ${CMAKE_SOURCE_DIR}/packaging/man/config.mjs ${CMAKE_SOURCE_DIR}/docs/config.md VERBATIM)
set(pages "")
foreach(page packaging/man/mayflyd.8 packaging/man/mayfly.1 packaging/man/mayfly-fs.1 ${man}/mayfly.json.5)
    get_filename_component(name ${page} NAME)
    cmake_path(ABSOLUTE_PATH page BASE_DIRECTORY ${CMAKE_SOURCE_DIR})
    add_custom_command(OUTPUT ${man}/${name}.gz COMMAND gzip -9nc ${page} > ${man}/${name}.gz DEPENDS ${page} VERBATIM)
    list(APPEND pages ${man}/${name}.gz)
endforeach()
file(CONFIGURE OUTPUT ${man}/changelog CONTENT "mayfly (@PROJECT_VERSION@) stable; urgency=medium

  * The history is the repository's.

 -- The Mayfly authors <mayfly@localhost>  Thu, 01 Jan 2026 00:00:00 +0000
" @ONLY)
add_custom_command(OUTPUT ${man}/changelog.gz COMMAND gzip -9nc ${man}/changelog > ${man}/changelog.gz DEPENDS ${man}/changelog VERBATIM)
add_custom_target(man ALL DEPENDS ${pages} ${man}/changelog.gz)

install(FILES ${man}/mayflyd.8.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man8)
install(FILES ${man}/mayfly.1.gz ${man}/mayfly-fs.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${man}/mayfly.json.5.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
install(FILES packaging/completions/mayfly.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME mayfly)
install(FILES packaging/completions/mayfly.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME mayflyd)
install(FILES packaging/completions/_mayfly DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES packaging/completions/mayfly.fish packaging/completions/mayflyd.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES packaging/systemd/mayflyd.service packaging/systemd/mayflyd.socket DESTINATION lib/systemd/system)
install(FILES packaging/systemd/outbound.conf DESTINATION ${CMAKE_INSTALL_DATADIR}/mayfly/systemd)

# A prefix /usr has its /etc beside it, any other one inside; a file that is there stays as it is.
install(CODE "set(source \"${CMAKE_SOURCE_DIR}/packaging/mayfly.json\")")
install(CODE [[
string(REGEX REPLACE "/usr/?$" "" root "${CMAKE_INSTALL_PREFIX}")
if(NOT EXISTS "$ENV{DESTDIR}${root}/etc/mayfly/mayfly.json")
    file(INSTALL DESTINATION "${root}/etc/mayfly" TYPE FILE FILES "${source}")
endif()
]])

# ---- the Debian package ------------------------------------------------------------------------------------------
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME mayfly)
set(CPACK_PACKAGE_VENDOR "The Mayfly authors")
set(CPACK_PACKAGE_CONTACT "The Mayfly authors <mayfly@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "sandbox daemon for TypeScript and JavaScript that nobody has read")
set(CPACK_PACKAGE_DESCRIPTION "Mayfly takes code over HTTP, runs it in a V8 isolate that is made for that one
request, and throws the isolate away. The isolates live in executor processes,
each in a jail of namespaces, Landlock and seccomp.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "init-system-helpers (>= 1.54~)")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_SOURCE_DIR}/packaging/debian/postinst ${CMAKE_SOURCE_DIR}/packaging/debian/prerm
    ${CMAKE_SOURCE_DIR}/packaging/debian/postrm ${CMAKE_SOURCE_DIR}/packaging/debian/conffiles)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
install(FILES packaging/debian/copyright DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES ${man}/changelog.gz DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(FILES packaging/debian/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME mayfly)
include(CPack)
