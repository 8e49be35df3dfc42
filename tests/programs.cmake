# Tests that are programs of their own: fuzz targets and what looks at object files.

add_dependencies(cli_test minnow_program)

# No kernel object may offer the linker a symbol that another CPU could get (sanitizers add theirs).
foreach(isa scalar avx2 avx512)
  if(TARGET minnow_kernels_${isa} AND NOT MINNOW_SANITIZE)
    add_test(NAME Lint.KernelSymbols.${isa}
             COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/lint/kernel_symbols.py ${isa}
                     $<TARGET_OBJECTS:minnow_kernels_${isa}>
             COMMAND_EXPAND_LISTS)
  endif()
endforeach()

# minnow_fuzz(NAME RUNS [FILE...]): tests/fuzz/NAME_fuzz.cpp with our own driver, a bounded number of
# runs from a fixed seed. tests/README.md tells how to run the same target under libFuzzer.
function(minnow_fuzz name runs)
  add_executable(fuzz_${name} ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/${name}_fuzz.cpp
                              ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/driver.cpp)
  target_link_libraries(fuzz_${name} PRIVATE minnow_test_support)
  add_test(NAME Fuzz.${name} COMMAND fuzz_${name} 1 ${runs} ${ARGN})
  set_tests_properties(Fuzz.${name} PROPERTIES TIMEOUT 600)
endfunction()
minnow_fuzz(gguf 20000 ${tiny_qwen2})
minnow_fuzz(template 5000)
minnow_fuzz(tokenizer 5000)
minnow_fuzz(detokenizer 5000)

# The generated Unicode tables against utf8proc, code point by code point.
add_executable(unicode_test ${CMAKE_CURRENT_SOURCE_DIR}/tokenizer/unicode/unicode_test.cpp)
target_link_libraries(unicode_test PRIVATE minnow_test_support utf8proc)
gtest_discover_tests(unicode_test DISCOVERY_TIMEOUT 60)
