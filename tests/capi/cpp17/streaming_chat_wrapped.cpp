// A streaming chat through minnow.hpp, as the README shows it. Compiled as C++17.
#include <iostream>
#include <minnow/minnow.hpp>

int main(int, char** argv) try {
  auto model = minnow::Model::open(argv[1]);
  auto chat = model.session(minnow::Options().set("n_ctx", 4096).set("temperature", 0.7));
  for (std::string line; std::getline(std::cin, line);) {
    chat.say(line, [](std::string_view text) { std::cout << text << std::flush; });
    std::cout << '\n';
  }
} catch (const minnow::Error& e) {
  std::cerr << e.what() << '\n';
}
