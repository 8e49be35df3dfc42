// minnow tokenize, minnow detokenize: text to ids and back, one text or a file of them.
#include <memory>
#include <sstream>

#include "commands.hpp"
#include "console.hpp"
#include "failure.hpp"
#include "figures.hpp"
#include "library_options.hpp"
#include "loading.hpp"
#include "token_lists.hpp"

namespace minnow::program {

namespace {

struct TokenizeRequest {
  std::string model, text, file, batch;
  std::vector<std::string> words;
  bool special = false, no_bos = false, json = false;
  bool has_text = false;
  LibraryOptions options;
};

// Calls use(line, number) for every line that is not empty.
template <class Use>
void for_each_line(const std::string& path, Use&& use) {
  std::istringstream lines(path == "-" ? read_piped_input() : read_file(path));
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (!line.empty()) use(line, path + ", line " + std::to_string(number));
  }
}

Json parse_line(const std::string& line, const std::string& where) {
  Json json = Json::parse(line, nullptr, false);
  if (json.is_discarded()) throw Failure(kExitFailed, where + ": not JSON");
  return json;
}

std::uint32_t tokenize_flags(bool bos, bool special) {
  return std::uint32_t{bos} * MINNOW_ADD_SPECIAL + std::uint32_t{special} * MINNOW_PARSE_SPECIAL;
}

void tokenize_batch(const minnow_model* model, const TokenizeRequest& request) {
  for_each_line(request.batch, [&](const std::string& line, const std::string& where) {
    const Json item = parse_line(line, where);
    if (!item.is_object() || !item.contains("text") || !item["text"].is_string())
      throw Failure(kExitFailed, where + ": {\"text\": ...} is expected");
    const bool special = item.value("parse_special", request.special);
    const std::string text = item["text"];
    write_out(json_line(tokenize(model, text, tokenize_flags(!request.no_bos, special))));
  });
}

std::string tokenize_source(const TokenizeRequest& request) {
  if (!request.file.empty())
    return request.file == "-" ? read_piped_input() : read_file(request.file);
  if (request.has_text) return request.text;
  if (request.words.empty()) return read_piped_input();
  std::string text;
  for (const std::string& word : request.words) text += (text.empty() ? "" : " ") + word;
  return text;
}

void tokenize_text(const minnow_model* model, const TokenizeRequest& request) {
  const std::uint32_t flags = tokenize_flags(!request.no_bos, request.special);
  const std::vector<minnow_token> tokens = tokenize(model, tokenize_source(request), flags);
  if (request.json) return write_out(json_line(tokens));
  std::string lines;
  for (const minnow_token token : tokens) {
    const char* piece = nullptr;
    std::size_t n_bytes = 0;
    check(minnow_model_token_text(model, token, &piece, &n_bytes));
    lines += std::to_string(token) + "\t" + json_line(std::string(piece, n_bytes));
  }
  write_out(lines);
  write_note(dim(std::to_string(tokens.size()) + " tokens"));
}

struct DetokenizeRequest {
  std::string model, batch;
  std::vector<minnow_token> ids;
  bool special = false, json = false;
  LibraryOptions options;
};

void detokenize_ids(const minnow_model* model, const DetokenizeRequest& request) {
  const std::uint32_t flags = tokenize_flags(false, request.special);
  if (!request.batch.empty()) {
    return for_each_line(request.batch, [&](const std::string& line, const std::string& where) {
      write_out(
          json_line(detokenize(model, parse_token_list(parse_line(line, where), where), flags)));
    });
  }
  std::vector<minnow_token> ids = request.ids;
  if (ids.empty()) {
    const std::string where = "standard input";
    ids = parse_token_list(parse_line(read_piped_input(), where), where);
  }
  const std::string text = detokenize(model, ids, flags);
  if (request.json) return write_out(json_line(text));
  write_answer(text);
  if (output_is_terminal()) write_out("\n");
}

void add_detokenize_command(CLI::App& program) {
  const auto request = std::make_shared<DetokenizeRequest>();
  CLI::App* command = program.add_subcommand(
      "detokenize", "Turn token ids into text (arguments, or a JSON array piped in)");
  command->add_option("model", request->model, "a GGUF file, or the name of a fetched model")
      ->required()
      ->type_name("MODEL");
  command->add_option("ids", request->ids, "token ids")->type_name("ID");
  command
      ->add_option("--batch", request->batch,
                   "a file with a JSON array of ids a line; prints a JSON string for each")
      ->type_name("FILE");
  command->add_flag("--special", request->special, "write control tokens, like <|im_start|>");
  command->add_flag("--json", request->json, "the text as a JSON string");
  request->options.add_to(*command, LibraryOptions::kMachine);
  command->callback([request] {
    detokenize_ids(open_vocabulary(request->model, request->options).get(), *request);
  });
}

}  // namespace

void add_tokenize_commands(CLI::App& program) {
  const auto request = std::make_shared<TokenizeRequest>();
  CLI::App* command = program.add_subcommand("tokenize", "Turn text into token ids");
  command->add_option("model", request->model, "a GGUF file, or the name of a fetched model")
      ->required()
      ->type_name("MODEL");
  CLI::Option* words =
      command->add_option("words", request->words, "the text; else it is piped in");
  CLI::Option* text = command->add_option("--text", request->text, "the text")->type_name("TEXT");
  CLI::Option* file =
      command->add_option("--file", request->file, "a text file")->type_name("FILE");
  CLI::Option* batch =
      command
          ->add_option(
              "--batch", request->batch,
              "a file with {\"text\": ..., \"parse_special\": false} a line; prints a JSON "
              "array of ids for each")
          ->type_name("FILE");
  words->type_name("TEXT")->excludes(text, file, batch);
  text->excludes(file, batch);
  file->excludes(batch);
  command->add_flag("--special", request->special,
                    "read control tokens, like <|im_start|>, as such");
  command->add_flag("--no-bos", request->no_bos, "add no begin or end token");
  command->add_flag("--json", request->json, "one JSON array of ids");
  request->options.add_to(*command, LibraryOptions::kMachine);
  command->callback([request, text] {
    request->has_text = text->count() > 0;
    const ModelHandle model = open_vocabulary(request->model, request->options);
    if (!request->batch.empty()) return tokenize_batch(model.get(), *request);
    tokenize_text(model.get(), *request);
  });
  add_detokenize_command(program);
}

}  // namespace minnow::program
