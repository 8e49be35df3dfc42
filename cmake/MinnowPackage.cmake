# The packages that `cpack` makes: a Debian one and an archive that runs wherever it is unpacked.
set(CPACK_GENERATOR "DEB;TGZ")
set(CPACK_PACKAGE_NAME minnow)
set(CPACK_PACKAGE_VENDOR minnow)
set(CPACK_PACKAGE_CONTACT "minnow maintainers <minnow@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGE_DESCRIPTION "minnow reads GGUF files and runs them on ordinary processors. This package
 has the program, the library (shared and static), its headers for C and C++, and what CMake and
 pkg-config need to find it.")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_STRIP_FILES ON)

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_PACKAGE_PROVIDES "libminnow0, libminnow-dev")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "libc6-dev")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)      # needs dpkg-dev
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
include(CPack)
