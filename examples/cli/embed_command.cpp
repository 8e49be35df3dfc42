// minnow embed: texts as vectors, for search, clustering and comparing meaning.
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <memory>
#include <sstream>

#include "commands.hpp"
#include "console.hpp"
#include "failure.hpp"
#include "figures.hpp"
#include "interrupt.hpp"
#include "library_options.hpp"
#include "loading.hpp"
#include "npy_file.hpp"
#include "token_lists.hpp"

namespace minnow::program {

namespace {

struct EmbedRequest {
  std::string model, text, file, batch, tokens, pooling, out;
  bool has_text = false, no_normalize = false, json = false;
  LibraryOptions options;
};

// One text's vectors; a view into the session.
struct Rows {
  const float* values = nullptr;  // [n_rows, n_embd]
  std::size_t n_rows = 0;
  std::size_t n_embd = 0;
};

std::vector<std::string> read_texts(const EmbedRequest& request) {
  if (request.has_text) return {request.text};
  if (!request.file.empty())
    return {request.file == "-" ? read_piped_input() : read_file(request.file)};
  std::vector<std::string> texts;
  std::istringstream lines(request.batch == "-" ? read_piped_input() : read_file(request.batch));
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (line.empty()) continue;
    const Json item = Json::parse(line, nullptr, false);
    if (!item.is_object() || !item.contains("text") || !item["text"].is_string())
      throw Failure(kExitFailed, request.batch + ", line " + std::to_string(number) +
                                     ": {\"text\": ...} is expected");
    texts.push_back(item["text"]);
  }
  return texts;
}

std::vector<TokenList> read_lists(const EmbedRequest& request, const minnow_model* model) {
  if (!request.tokens.empty()) return read_token_lists(request.tokens);
  std::vector<TokenList> lists;
  for (const std::string& text : read_texts(request))
    lists.push_back(tokenize(model, text, MINNOW_ADD_SPECIAL));
  return lists;
}

// The fewest digits that are read back as the same float.
std::string digits_of(float value) {
  char text[32];
  const auto [end, problem] = std::to_chars(text, text + sizeof text, value);
  return problem == std::errc() ? std::string(text, end) : "0";
}

void write_npy(const std::string& folder, std::size_t k, const Rows& rows) {
  const auto path = std::filesystem::path(folder) / ("embed." + std::to_string(k) + ".npy");
  NpyFile file(path.string(), static_cast<std::int64_t>(rows.n_rows),
               static_cast<std::int64_t>(rows.n_embd));
  file.append(rows.values, rows.n_rows * rows.n_embd);
  file.close();
}

// {"index", "n_tokens", "embedding"}; the embedding is a list of lists where nothing was pooled.
void write_json(std::size_t k, std::size_t n_tokens, const Rows& rows, bool is_pooled) {
  std::string text = "{\"index\":" + std::to_string(k) +
                     ",\"n_tokens\":" + std::to_string(n_tokens) +
                     ",\"embedding\":" + (is_pooled ? "" : "[");
  for (std::size_t row = 0; row < rows.n_rows; ++row) {
    text += row > 0 ? ",[" : "[";
    for (std::size_t i = 0; i < rows.n_embd; ++i)
      text += (i > 0 ? "," : "") + digits_of(rows.values[row * rows.n_embd + i]);
    text += "]";
  }
  write_out(text + (is_pooled ? "}\n" : "]}\n"));
}

void write_text(const Rows& rows) {
  std::string text;
  for (std::size_t row = 0; row < rows.n_rows; ++row) {
    for (std::size_t i = 0; i < rows.n_embd; ++i)
      text += (i > 0 ? " " : "") + digits_of(rows.values[row * rows.n_embd + i]);
    text += "\n";
  }
  write_out(text);
}

void embed(EmbedRequest& request) {
  const OptionsHandle opening = request.options.make();
  const ModelHandle model = open_model(request.model, opening.get());
  const std::vector<TokenList> lists = read_lists(request, model.get());
  std::size_t n_longest = 1;
  for (const TokenList& list : lists) n_longest = std::max(n_longest, list.size());
  request.options.set_default("n_ctx", std::to_string(n_longest));
  const OptionsHandle options = request.options.make();
  if (!request.pooling.empty())
    check(minnow_options_set_text(options.get(), "pooling", request.pooling.c_str(),
                                  MINNOW_ZERO_TERMINATED),
          Doing::kReadingOptions);
  check(minnow_options_set_int(options.get(), "normalize", request.no_normalize ? 0 : 1));
  const SessionHandle session = create_session(model.get(), options.get());
  const Interruptible interruptible(session.get());
  if (!request.out.empty()) make_folder(request.out);
  for (std::size_t k = 0; k < lists.size(); ++k) {
    Rows rows;
    check(minnow_session_embed(session.get(), lists[k].data(), lists[k].size(), &rows.values,
                               &rows.n_rows, &rows.n_embd));
    if (!request.out.empty())
      write_npy(request.out, k, rows);
    else if (request.json)
      write_json(k, lists[k].size(), rows, request.pooling != "none");
    else
      write_text(rows);
  }
}

}  // namespace

void add_embed_command(CLI::App& program) {
  const auto request = std::make_shared<EmbedRequest>();
  CLI::App* command =
      program.add_subcommand("embed", "Turn texts into vectors")->alias("embedding");
  command->add_option("model", request->model, "a GGUF file, or the name of a fetched model")
      ->required()
      ->type_name("MODEL");
  CLI::Option* text = command->add_option("--text", request->text, "one text")->type_name("TEXT");
  CLI::Option* file =
      command->add_option("--file", request->file, "a text file")->type_name("FILE");
  CLI::Option* batch =
      command->add_option("--batch", request->batch, "a file with {\"text\": ...} a line")
          ->type_name("FILE");
  CLI::Option* tokens =
      command
          ->add_option("--tokens", request->tokens, "a JSON file: a list of ids, or of such lists")
          ->type_name("FILE");
  text->excludes(file, batch, tokens);
  file->excludes(batch, tokens);
  batch->excludes(tokens);
  command
      ->add_option("--pooling", request->pooling,
                   "how a text's states become one vector; none: one a token (default: as the "
                   "model's file says)")
      ->check(CLI::IsMember({"none", "mean", "cls", "last", "rank"}))
      ->type_name("KIND");
  command->add_flag("--no-normalize", request->no_normalize, "leave vectors their length");
  CLI::Option* json =
      command->add_flag("--json", request->json, "a JSON object a text, one a line");
  command
      ->add_option("--out", request->out, "folder for embed.0.npy, ...: float32 [n_rows, n_embd]")
      ->type_name("DIR")
      ->excludes(json);
  request->options.add_to(*command, LibraryOptions::kMachine | LibraryOptions::kContext);
  command->callback([request, text, file, batch, tokens] {
    request->has_text = text->count() > 0;
    if (text->count() + file->count() + batch->count() + tokens->count() == 0)
      throw Failure(kExitUsage, "there is no text: give --text, --file, --batch or --tokens");
    embed(*request);
  });
}

}  // namespace minnow::program
