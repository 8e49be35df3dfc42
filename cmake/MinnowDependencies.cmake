# Third parties: the distribution's package first, then a pinned download.
#
# xsimd and nlohmann/json are header-only and private to the library; the others serve the program,
# the tests and the benchmarks. An installed minnow needs none of them.
include(FetchContent)
set(FETCHCONTENT_QUIET OFF)

find_package(xsimd 8.1 QUIET)
if(NOT xsimd_FOUND)
  FetchContent_Declare(xsimd URL https://github.com/xtensor-stack/xsimd/archive/refs/tags/8.1.0.tar.gz)
  FetchContent_MakeAvailable(xsimd)
endif()
add_library(minnow_xsimd INTERFACE)
target_link_libraries(minnow_xsimd INTERFACE xsimd)

find_package(nlohmann_json 3.11 QUIET)
if(NOT nlohmann_json_FOUND)
  FetchContent_Declare(nlohmann_json
    URL https://github.com/nlohmann/json/releases/download/v3.11.2/json.tar.xz)
  FetchContent_MakeAvailable(nlohmann_json)
endif()

if(MINNOW_BUILD_PROGRAM)
  find_package(CLI11 2.1 QUIET)
  if(NOT CLI11_FOUND)
    FetchContent_Declare(cli11 URL https://github.com/CLIUtils/CLI11/archive/refs/tags/v2.1.2.tar.gz)
    FetchContent_MakeAvailable(cli11)
  endif()
endif()

if(MINNOW_BUILD_TESTS)
  find_package(GTest 1.12 QUIET)
  if(NOT GTest_FOUND)
    FetchContent_Declare(googletest
      URL https://github.com/google/googletest/archive/refs/tags/release-1.12.1.tar.gz)
    FetchContent_MakeAvailable(googletest)
  endif()
  find_package(Eigen3 3.4 REQUIRED NO_MODULE)
endif()

if(MINNOW_BUILD_BENCH)
  find_package(benchmark 1.7 QUIET)
  if(NOT benchmark_FOUND)
    set(BENCHMARK_ENABLE_TESTING OFF)
    FetchContent_Declare(benchmark
      URL https://github.com/google/benchmark/archive/refs/tags/v1.7.1.tar.gz)
    FetchContent_MakeAvailable(benchmark)
  endif()
endif()
