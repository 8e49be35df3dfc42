// minnow chat: a conversation. What begins with a slash is a command and never reaches the model.
#include <cstdio>
#include <fstream>
#include <memory>
#include <random>
#include <sstream>

#include "adapter_option.hpp"
#include "commands.hpp"
#include "console.hpp"
#include "failure.hpp"
#include "figures.hpp"
#include "interrupt.hpp"
#include "library_options.hpp"
#include "limits.hpp"
#include "line_reader.hpp"
#include "loading.hpp"

namespace minnow::program {

namespace {

constexpr const char* kHelp =
    "/help                 this list (also /?)\n"
    "/reset                forget the conversation (also /clear)\n"
    "/undo                 take back the last question and its answer\n"
    "/retry                answer the last question anew\n"
    "/system [TEXT]        set the system message and start anew; without a text, remove it\n"
    "/set NAME VALUE       set an option, as in /set temperature 0.2; /set alone lists them\n"
    "/stats                what the last answer cost, also in percent of what the\n"
    "                      machine allows, and how full the context is\n"
    "/save FILE            keep the conversation: as messages in a .json file, otherwise with\n"
    "                      all that the model has read, so that /load need not read it again\n"
    "/load FILE            take up a conversation that /save wrote\n"
    "/bye                  leave (also /exit, /quit, Ctrl-D)\n"
    "\"\"\" begins and ends a text of several lines; a \\ at a line's end goes on in the next.\n"
    "Ctrl-C stops an answer.";

struct ChatRequest {
  std::string model, system;
  bool no_history = false, quiet = false;
  AdapterOption adapters;
  LibraryOptions options;
};

class Conversation {
 public:
  explicit Conversation(ChatRequest& request)
      : request_(request), system_(request.system), reader_(history_file(request)) {
    request_.options.set_default("seed", std::to_string(std::random_device{}() % 0xfffffffeu));
    options_ = request_.options.make();
    model_ = open_model(request_.model, options_.get());
    start();
  }

  void hold() {
    if (input_is_terminal()) write_note(dim("/help lists the commands, Ctrl-D leaves."));
    std::string message;
    while (!done_) {
      forget_interrupt();
      const LineReader::Result result = reader_.read_message(message);
      if (result == LineReader::Result::kEnd) break;
      if (result == LineReader::Result::kInterrupted) {
        write_note(dim("\nCtrl-D or /bye leaves."));
        continue;
      }
      if (message.find_first_not_of(" \t\n") == std::string::npos) continue;
      message[0] == '/' ? obey(message) : answer(message);
    }
    if (input_is_terminal() && !done_) write_note("");
  }

 private:
  static std::string history_file(const ChatRequest& request) {
    return request.no_history || !input_is_terminal() ? std::string() : history_path();
  }

  // A session with the present options and system message.
  void start() {
    session_.reset();
    session_ = create_session(model_.get(), options_.get());
    request_.adapters.attach_to(model_.get(), session_.get());
    begin();
  }

  void begin() {
    if (system_.empty()) return;
    check(
        minnow_session_chat(session_.get(), "system", system_.c_str(), nullptr, nullptr, nullptr));
  }

  void reset() {
    check(minnow_session_truncate(session_.get(), 0));
    begin();
  }

  // The conversation as the library keeps it: [{"role", "content"}, ...].
  Json messages() const {
    char* json = nullptr;
    check(minnow_session_messages(session_.get(), &json));
    const OwnedText owner(json);
    return Json::parse(owner.get());
  }

  void set_messages(const Json& messages) {
    const std::string json = messages.dump(-1, ' ', false, Json::error_handler_t::replace);
    check(minnow_session_set_messages(session_.get(), json.data(), json.size()));
  }

  // Takes back the last question and its answer; returns the question, "" when there was none.
  std::string take_back() {
    Json kept = messages();
    while (!kept.empty() && kept.back().at("role") == "assistant") kept.erase(kept.size() - 1);
    if (kept.empty() || kept.back().at("role") != "user") {
      write_note("there is no question yet");
      return "";
    }
    auto question = kept.back().at("content").get<std::string>();
    kept.erase(kept.size() - 1);
    set_messages(kept);
    return question;
  }

  static minnow_flow on_text(void*, const char* text, std::size_t n_bytes) {
    if (was_interrupted()) return MINNOW_STOP;  // also by a Ctrl-C just before the answer began
    try {
      write_answer({text, n_bytes});
    } catch (const Failure&) {
      return MINNOW_STOP;
    }
    return MINNOW_CONTINUE;
  }

  void answer(const std::string& message) {
    minnow_reason reason = MINNOW_REASON_END;
    minnow_status status;
    {
      const Interruptible interruptible(session_.get());
      status =
          minnow_session_chat(session_.get(), "user", message.c_str(), &on_text, nullptr, &reason);
    }
    write_out("\n");
    // A Ctrl-C cancels the session, or on_text saw it first.
    if (status == MINNOW_CANCELLED || (status == MINNOW_OK && was_interrupted()))
      return write_note(dim("(stopped)"));
    if (status == MINNOW_CONTEXT_FULL || reason == MINNOW_REASON_CONTEXT)
      return write_note("The context is full: /reset starts anew, -c gives more room.");
    if (status != MINNOW_OK) return write_note(std::string("minnow: ") + minnow_last_error());
    if (!request_.quiet) write_note(dim(figures_line(answer_figures(session_.get()))));
  }

  void obey(const std::string& line) {
    std::istringstream words(line);
    std::string command, rest;
    words >> command >> std::ws;
    std::getline(words, rest, '\0');
    try {
      if (command == "/bye" || command == "/exit" || command == "/quit") {
        done_ = true;
      } else if (command == "/help" || command == "/?") {
        write_note(kHelp);
      } else if (command == "/reset" || command == "/clear") {
        reset();
      } else if (command == "/undo") {
        if (!take_back().empty()) write_note(dim("(taken back)"));
      } else if (command == "/retry") {
        if (const std::string question = take_back(); !question.empty()) answer(question);
      } else if (command == "/system") {
        system_ = rest;
        reset();
      } else if (command == "/set") {
        set(rest);
      } else if (command == "/stats") {
        show_stats();
      } else if (command == "/save") {
        save(rest);
      } else if (command == "/load") {
        load(rest);
      } else {
        write_note(command + " is no command; /help lists them");
      }
    } catch (const Failure& failure) {
      write_note(std::string("minnow: ") + failure.what());
    }
  }

  void set(const std::string& rest) {
    std::istringstream words(rest);
    std::string name, value;
    words >> name >> std::ws;
    std::getline(words, value, '\0');
    if (name.empty() || value.empty()) return write_note(LibraryOptions::describe());
    set_described_option(options_.get(), name, value);
    const Json kept = messages();
    start();
    set_messages(kept);
  }

  void show_stats() {
    const Json figures = answer_figures(session_.get());
    write_note(figures_line(figures));
    write_note("context: " + figures.at("position").dump() + " of " + figures.at("n_ctx").dump() +
               " tokens; session " + in_megabytes(figures.at("session_bytes").get<double>()));
    if (figures.at("answer_tokens").get<std::int64_t>() > 1) show_limits(figures);
  }

  // How much of what the machine allows the last answer's speed was.
  void show_limits(const Json& figures) {
    minnow_runtime* made = nullptr;
    check(minnow_runtime_create(options_.get(), &made));
    const Json limits = measure_limits(RuntimeHandle(made).get());
    const auto n_prompt = figures.at("prompt_tokens").get<std::int64_t>();
    const auto n_answer = figures.at("answer_tokens").get<std::int64_t>();
    const auto position = figures.at("position").get<std::int64_t>();
    const std::int64_t before = std::max<std::int64_t>(position - n_answer - n_prompt, 0);
    const double decode = percent_of_bandwidth(
        model_.get(), limits, figures.at("kv_type").get<std::string>(),
        {before + n_prompt, n_answer}, figures.at("answer_tokens_per_s").get<double>());
    const double prefill = percent_of_peaks(model_.get(), limits, {before, n_prompt},
                                            figures.at("prompt_tokens_per_s").get<double>());
    write_note("weights: " +
               in_megabytes(static_cast<double>(model_int(model_.get(), "bytes_per_token"))) +
               " a token; answer at " + fixed(decode, 0) + " % of the read bandwidth (" +
               fixed(limits.at("read_bytes_per_s").get<double>() / 1e9, 1) + " GB/s), prompt at " +
               fixed(prefill, 0) + " % of what integer and float units allow");
  }

  static bool is_json_name(const std::string& path) {
    return path.size() > 5 && path.compare(path.size() - 5, 5, ".json") == 0;
  }

  // Writes beside the file and renames, so that an earlier one is never half overwritten.
  void save(const std::string& path) const {
    if (path.empty()) return write_note("/save FILE");
    const Json kept = messages();
    if (!is_json_name(path)) {
      check(minnow_session_save(session_.get(), path.c_str()));
      return write_note(std::to_string(kept.size()) + " messages and what was read kept in " +
                        path);
    }
    const std::string unfinished = path + ".unfinished";
    std::ofstream file(unfinished);
    file << kept.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
    file.close();
    if (!file || std::rename(unfinished.c_str(), path.c_str()) != 0) {
      std::remove(unfinished.c_str());
      throw Failure(kExitFailed, "cannot write " + path);
    }
    write_note(std::to_string(kept.size()) + " messages written to " + path);
  }

  void load(const std::string& path) {
    if (path.empty()) return write_note("/load FILE");
    std::ifstream file(path);
    if (!file) throw Failure(kExitFailed, "cannot read " + path);
    const bool is_json = file.peek() == '[' || is_json_name(path);
    if (is_json)
      set_messages(Json::parse(file, nullptr, false));
    else
      check(minnow_session_restore(session_.get(), path.c_str()));
    const Json saved = messages();
    const bool has_system = !saved.empty() && saved[0].at("role") == "system";
    system_ = has_system ? saved[0].at("content").get<std::string>() : std::string();
    write_note(std::to_string(saved.size()) + " messages taken up from " + path);
  }

  ChatRequest& request_;
  std::string system_;
  LineReader reader_;
  OptionsHandle options_;
  ModelHandle model_;
  SessionHandle session_;
  bool done_ = false;
};

}  // namespace

void add_chat_command(CLI::App& program) {
  const auto request = std::make_shared<ChatRequest>();
  CLI::App* command = program.add_subcommand("chat", "Talk with a model");
  command->add_option("model", request->model, "a GGUF file, or the name of a fetched model")
      ->required()
      ->type_name("MODEL");
  command->add_option("-s,--system", request->system, "the system message")->type_name("TEXT");
  command->add_flag("--no-history", request->no_history, "remember no lines for the next time");
  command->add_flag("-q,--quiet", request->quiet, "no lines of figures");
  request->adapters.add_to(*command);
  request->options.add_to(
      *command, LibraryOptions::kMachine | LibraryOptions::kContext | LibraryOptions::kAnswering);
  command->callback([request] {
    keep_running_when_interrupted();
    Conversation(*request).hold();
  });
}

}  // namespace minnow::program
