// minnow rerank: how well documents answer a query, by a model that was trained to score such
// pairs.
#include <algorithm>
#include <memory>
#include <sstream>

#include "commands.hpp"
#include "console.hpp"
#include "failure.hpp"
#include "figures.hpp"
#include "interrupt.hpp"
#include "library_options.hpp"
#include "loading.hpp"
#include "token_lists.hpp"

namespace minnow::program {

namespace {

struct RerankRequest {
  std::string model, query, documents;
  std::vector<std::string> texts;
  std::size_t n_best = 0;
  bool json = false;
  LibraryOptions options;
};

struct Document {
  std::size_t index;
  std::string text;
  TokenList pair;  // the query and the text
  float score = 0.0f;
};

// A document a line: the line itself, or the "text" of a JSON object.
std::vector<Document> read_documents(const RerankRequest& request) {
  std::vector<Document> documents;
  for (const std::string& text : request.texts)
    documents.push_back({documents.size(), text, {}, 0.0f});
  if (!request.documents.empty()) {
    std::istringstream lines(request.documents == "-" ? read_piped_input()
                                                      : read_file(request.documents));
    for (std::string line; std::getline(lines, line);) {
      if (line.empty()) continue;
      const Json item = line[0] == '{' ? Json::parse(line, nullptr, false) : Json();
      const bool is_object = item.is_object() && item.contains("text") && item["text"].is_string();
      documents.push_back(
          {documents.size(), is_object ? item["text"].get<std::string>() : line, {}, 0.0f});
    }
  }
  if (documents.empty())
    throw Failure(kExitUsage, "there are no documents: give them after the model, or --documents");
  return documents;
}

// [CLS] query [SEP] text [SEP], as the model's tokenizer frames each of the two; some models have
// one more separator between them.
TokenList pair_of(const minnow_model* model, const TokenList& query, const std::string& text) {
  TokenList pair = query;
  if (model_int(model, "adds_sep") != 0)
    pair.push_back(static_cast<minnow_token>(model_int(model, "sep")));
  TokenList second = tokenize(model, text, MINNOW_ADD_SPECIAL);
  if (!second.empty() && second.front() == model_int(model, "bos")) second.erase(second.begin());
  pair.insert(pair.end(), second.begin(), second.end());
  return pair;
}

void write_documents(const RerankRequest& request, const std::vector<Document>& documents) {
  for (const Document& document : documents) {
    if (request.json)
      write_out(json_line(
          {{"index", document.index}, {"score", document.score}, {"text", document.text}}));
    else
      write_answer(as_float(document.score) + "\t" + document.text + "\n");
  }
}

void rerank(RerankRequest& request) {
  std::vector<Document> documents = read_documents(request);
  const OptionsHandle opening = request.options.make();
  const ModelHandle model = open_model(request.model, opening.get());
  const TokenList query = tokenize(model.get(), request.query, MINNOW_ADD_SPECIAL);
  std::size_t n_longest = 1;
  for (Document& document : documents) {
    document.pair = pair_of(model.get(), query, document.text);
    n_longest = std::max(n_longest, document.pair.size());
  }
  request.options.set_default("n_ctx", std::to_string(n_longest));
  const OptionsHandle options = request.options.make();
  check(minnow_options_set_text(options.get(), "pooling", "rank", MINNOW_ZERO_TERMINATED));
  const SessionHandle session = create_session(model.get(), options.get());
  const Interruptible interruptible(session.get());
  for (Document& document : documents) {
    const float* values = nullptr;
    check(minnow_session_embed(session.get(), document.pair.data(), document.pair.size(), &values,
                               nullptr, nullptr));
    document.score = values[0];
  }
  std::stable_sort(documents.begin(), documents.end(),
                   [](const Document& a, const Document& b) { return a.score > b.score; });
  if (request.n_best > 0 && request.n_best < documents.size()) documents.resize(request.n_best);
  write_documents(request, documents);
}

}  // namespace

void add_rerank_command(CLI::App& program) {
  const auto request = std::make_shared<RerankRequest>();
  CLI::App* command = program.add_subcommand(
      "rerank", "Sort documents by how well they answer a query, best first");
  command->add_option("model", request->model, "a GGUF file, or the name of a fetched model")
      ->required()
      ->type_name("MODEL");
  command->add_option("documents", request->texts, "the documents")->type_name("TEXT");
  command->add_option("--query", request->query, "the query")->required()->type_name("TEXT");
  command
      ->add_option("--documents", request->documents,
                   "a file with a document a line, as text or as {\"text\": ...}")
      ->type_name("FILE");
  command->add_option("--top-n", request->n_best, "print no more than the best N")->type_name("N");
  command->add_flag("--json", request->json, "a JSON object a document, one a line");
  request->options.add_to(*command, LibraryOptions::kMachine | LibraryOptions::kContext);
  command->callback([request] { rerank(*request); });
}

}  // namespace minnow::program
