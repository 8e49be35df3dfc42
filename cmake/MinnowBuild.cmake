# How every file of minnow is compiled, and the three functions that the folders' lists use.
#
# Nothing here ever says -march=native: one binary serves every CPU of its family, and only the
# folders kernels/<isa> add flags of their own.

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release or RelWithDebInfo" FORCE)
endif()

if(NOT CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(MINNOW_CCACHE ccache)
  if(MINNOW_CCACHE)
    set(CMAKE_C_COMPILER_LAUNCHER ${MINNOW_CCACHE})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${MINNOW_CCACHE})
  endif()
endif()

find_package(Threads REQUIRED)

# Arithmetic is canonical (docs/decisions): the compiler may not fuse, reorder or assume. Everything is
# hidden and position-independent, so that one set of objects makes both libraries; nothing is unique
# in the process, so that it may hold two copies of them; no path of this machine is kept.
add_library(minnow_flags INTERFACE)
target_compile_features(minnow_flags INTERFACE cxx_std_20 c_std_99)
target_compile_options(minnow_flags INTERFACE
  -ffp-contract=off -fno-math-errno -fvisibility=hidden -fPIC -ffunction-sections -fdata-sections
  -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=
  $<$<COMPILE_LANGUAGE:CXX>:-fvisibility-inlines-hidden>
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>
  -Wall -Wextra -Wshadow $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>
  $<$<BOOL:${MINNOW_WARNINGS_AS_ERRORS}>:-Werror>)
target_compile_definitions(minnow_flags INTERFACE MINNOW_VERSION="${PROJECT_VERSION}")
target_include_directories(minnow_flags INTERFACE
  ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
if(MINNOW_SANITIZE)
  target_compile_options(minnow_flags INTERFACE
    -fsanitize=${MINNOW_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  target_link_options(minnow_flags INTERFACE -fsanitize=${MINNOW_SANITIZE})
endif()

# minnow_layer(NAME FLAGS...): one object library of all .cpp files below src/NAME. A folder is a layer,
# so a new file needs no line here. The flags are a release's.
function(minnow_layer name)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  if(files)
    add_library(minnow_${name} OBJECT ${files})
    target_link_libraries(minnow_${name} PRIVATE minnow_flags)
    target_compile_options(minnow_${name} PRIVATE "$<$<CONFIG:Release>:${ARGN}>")
    set_property(GLOBAL APPEND PROPERTY MINNOW_OBJECTS minnow_${name})
  endif()
endfunction()

# minnow_kernels(ISA FLAGS...): one object library of all .cpp files in kernels/ISA, without exceptions
# and with -O2 in every preset. Below it the inline code of xsimd leaves weak symbols behind, and the
# linker may then give everybody the copy that needs AVX2; -O3 makes a third more bytes of loops that
# say themselves where they are to be unrolled, and gains nothing.
function(minnow_kernels isa)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${isa}/*.cpp)
  add_library(minnow_kernels_${isa} OBJECT ${files})
  target_link_libraries(minnow_kernels_${isa} PRIVATE minnow_flags minnow_xsimd)
  target_compile_options(minnow_kernels_${isa} PRIVATE
    -O2 -fno-exceptions ${ARGN})
  if(MINNOW_SANITIZE)  # or sums are kept in memory, and compiling takes ten minutes
    target_compile_options(minnow_kernels_${isa} PRIVATE -fno-sanitize-address-use-after-scope)
  endif()
  set_property(GLOBAL APPEND PROPERTY MINNOW_OBJECTS minnow_kernels_${isa})
endfunction()
