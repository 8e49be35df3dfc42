# What is installed and packed: the headers, the libraries, the program, and how CMake and pkg-config
# find them. Everything is relative to where it lies, so an installed tree may be moved.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/minnow)
set(libraries minnow)
if(MINNOW_BOTH_LIBRARIES)
  list(APPEND libraries minnow_shared)
endif()
set(MINNOW_HAS_STATIC NO)
set(MINNOW_HAS_SHARED NO)
foreach(library ${libraries})
  get_target_property(kind ${library} TYPE)  # STATIC_LIBRARY or SHARED_LIBRARY
  string(REGEX REPLACE "_LIBRARY" "" KIND ${kind})
  string(TOLOWER ${KIND} flavour)
  set(MINNOW_HAS_${KIND} YES)
  install(TARGETS ${library} EXPORT minnow-${flavour}
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT minnow-${flavour} NAMESPACE minnow:: DESTINATION ${package_dir}
    FILE minnow-${flavour}-targets.cmake)
endforeach()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/minnow TYPE INCLUDE)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/README.md TYPE DOC)
if(TARGET minnow_program)
  install(TARGETS minnow_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  if(NOT MINNOW_HAS_STATIC)
    file(RELATIVE_PATH from_bin /${CMAKE_INSTALL_BINDIR} /${CMAKE_INSTALL_LIBDIR})
    set_target_properties(minnow_program PROPERTIES INSTALL_RPATH "$ORIGIN/${from_bin}")
  endif()
endif()

# The C++ runtime by name, for programs in C that link the static library.
if("c++" IN_LIST CMAKE_CXX_IMPLICIT_LINK_LIBRARIES)
  set(MINNOW_CXX_RUNTIME c++)
else()
  set(MINNOW_CXX_RUNTIME stdc++)
endif()

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/minnow-config.cmake.in
  ${PROJECT_BINARY_DIR}/minnow-config.cmake INSTALL_DESTINATION ${package_dir}
  NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/minnow-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/minnow-config.cmake
              ${PROJECT_BINARY_DIR}/minnow-config-version.cmake
  DESTINATION ${package_dir})

# pkg-config: what a static library needs is private, unless there is only that.
set(runtime "-l${MINNOW_CXX_RUNTIME} -lm -pthread")
if(MINNOW_HAS_SHARED)
  set(MINNOW_LIBS "-lminnow")
  set(MINNOW_LIBS_PRIVATE "${runtime}")
else()
  set(MINNOW_LIBS "-lminnow ${runtime}")
  set(MINNOW_LIBS_PRIVATE "")
endif()
file(RELATIVE_PATH MINNOW_PREFIX_FROM_PC
  /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" MINNOW_PREFIX_FROM_PC "${MINNOW_PREFIX_FROM_PC}")
configure_file(${CMAKE_CURRENT_LIST_DIR}/minnow.pc.in ${PROJECT_BINARY_DIR}/minnow.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/minnow.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(PROJECT_IS_TOP_LEVEL)
  include(MinnowPackage)
endif()
