// What generate.c does, step by step through minnow.hpp. Compiled as C++20.
#include <iostream>
#include <minnow/minnow.hpp>

int main(int, char** argv) try {
  minnow::Options options;
  options.set("temperature", 0.0);
  auto model = minnow::Model::open(argv[1], options);
  auto session = model.session(options);
  session.prefill(model.tokenize("The capital of France is"));
  for (int i = 0; i < 16; ++i) {
    const minnow::Token token = session.sample();
    session.decode(token);
    std::cout << token << '\n';
  }
} catch (const minnow::Error& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
