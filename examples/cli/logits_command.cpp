// minnow logits: the logits after every token of some sequences, as .npy files or as digests.
#include <algorithm>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>

#include "adapter_option.hpp"
#include "array_digest.hpp"
#include "commands.hpp"
#include "console.hpp"
#include "failure.hpp"
#include "interrupt.hpp"
#include "library_options.hpp"
#include "loading.hpp"
#include "npy_file.hpp"
#include "token_lists.hpp"

namespace minnow::program {

namespace {

struct LogitsRequest {
  std::string model, tokens, out;
  bool digest = false;
  AdapterOption adapters;
  LibraryOptions options;
};

// Where the rows of one sequence go. What goes wrong inside the library's call waits outside it.
struct Sink {
  std::size_t n_vocab = 0;
  std::optional<NpyFile> file;
  std::optional<ArrayDigest> digest;
  std::exception_ptr problem;
};

minnow_flow take_rows(void* user, std::size_t, std::size_t n_rows, const float* logits) {
  Sink& sink = *static_cast<Sink*>(user);
  try {
    if (sink.file) sink.file->append(logits, n_rows * sink.n_vocab);
    if (sink.digest) sink.digest->append(logits, n_rows * sink.n_vocab * sizeof(float));
  } catch (...) {
    sink.problem = std::current_exception();
    return MINNOW_STOP;
  }
  return MINNOW_CONTINUE;
}

void evaluate(minnow_session* session, const TokenItem& item, Sink& sink) {
  check(minnow_session_truncate(session, 0));
  if (!item.encoder.empty())
    check(minnow_session_encode(session, item.encoder.data(), item.encoder.size()));
  const minnow_status status =
      minnow_session_evaluate(session, item.decoder.data(), item.decoder.size(), &take_rows, &sink);
  if (sink.problem) std::rethrow_exception(sink.problem);
  check(status);
}

void write_logits(const LogitsRequest& request, minnow_session* session, std::size_t n_vocab,
                  const std::vector<TokenItem>& items) {
  for (std::size_t k = 0; k < items.size(); ++k) {
    Sink sink{n_vocab, {}, {}, {}};
    if (request.digest) {
      sink.digest.emplace();
    } else {
      const auto path =
          std::filesystem::path(request.out) / ("logits." + std::to_string(k) + ".npy");
      sink.file.emplace(path.string(), static_cast<std::int64_t>(items[k].decoder.size()),
                        static_cast<std::int64_t>(n_vocab));
    }
    evaluate(session, items[k], sink);
    if (sink.file) sink.file->close();
    if (sink.digest) write_out(sink.digest->finish() + "\n");
  }
}

void logits(LogitsRequest& request) {
  // With both, the digests are printed instead of writing files.
  if (!request.digest && request.out.empty())
    throw Failure(kExitUsage, "give --out DIR for .npy files or --digest for their SHA-256");
  const std::vector<TokenItem> items = read_token_items(request.tokens);
  std::size_t n_longest = 1;
  for (const TokenItem& item : items)
    n_longest = std::max({n_longest, item.encoder.size(), item.decoder.size()});
  request.options.set_default("n_ctx", std::to_string(n_longest));
  request.options.set_default("n_logits", "16");
  const OptionsHandle options = request.options.make();
  const ModelHandle model = open_model(request.model, options.get());
  const SessionHandle session = create_session(model.get(), options.get());
  request.adapters.attach_to(model.get(), session.get());
  const Interruptible interruptible(session.get());
  if (!request.digest) make_folder(request.out);
  write_logits(request, session.get(), static_cast<std::size_t>(model_int(model.get(), "n_vocab")),
               items);
}

}  // namespace

void add_logits_command(CLI::App& program) {
  const auto request = std::make_shared<LogitsRequest>();
  CLI::App* command =
      program.add_subcommand("logits", "Write the logits after every token of some sequences");
  command->add_option("model", request->model, "a GGUF file, or the name of a fetched model")
      ->required()
      ->type_name("MODEL");
  command
      ->add_option("--tokens", request->tokens,
                   "a JSON file: a list of ids, of such lists, or of {\"encoder\", \"decoder\"}")
      ->required()
      ->type_name("FILE");
  command
      ->add_option("--out", request->out,
                   "folder for logits.0.npy, ...: float32 [n_tokens, n_vocab]")
      ->type_name("DIR");
  command->add_flag("--digest", request->digest,
                    "print the SHA-256 of each array's bytes instead, one a line");
  request->adapters.add_to(*command);
  request->options.add_to(*command, LibraryOptions::kMachine | LibraryOptions::kContext);
  command->callback([request] { logits(*request); });
}

}  // namespace minnow::program
