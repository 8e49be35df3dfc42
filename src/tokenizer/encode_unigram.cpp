// Unigram ("t5"): the text is normalised by the model's charsmap and its rules for spaces, and then
// covered by the pieces whose log probabilities sum highest (Viterbi, one pass over the
// characters).
#include <algorithm>
#include <limits>

#include "tokenizer/tokenizer_parts.hpp"
#include "tokenizer/utf8.hpp"

namespace minnow {
namespace {

constexpr std::string_view kReplacementText = "\xEF\xBF\xBD";

// Writes normalised text: spaces merge or stay, one may be put in front.
class SpaceRules {
 public:
  SpaceRules(const TokenizerParts& parts, bool starts_text, std::pmr::vector<char>* out)
      : merge_(parts.remove_extra_whitespaces),
        at_start_(starts_text),
        prefix_pending_(parts.add_space_prefix && starts_text),
        out_(out) {}

  void add(std::string_view text) {
    for (const char c : text) add_byte(c);
  }

 private:
  void add_byte(char c) {
    if (c == ' ') {
      if (!merge_) out_->push_back(' ');
      space_pending_ = merge_ && !at_start_;
      return;
    }
    // Merged spaces show up only in front of what follows them, so none is left at either end.
    if (prefix_pending_ || space_pending_) out_->push_back(' ');
    prefix_pending_ = space_pending_ = at_start_ = false;
    out_->push_back(c);
  }

  const bool merge_;
  bool at_start_;
  bool prefix_pending_;
  bool space_pending_ = false;
  std::pmr::vector<char>* out_;
};

// A space behind a letter, as an offset in the fragment and in the normalised text.
struct SpacePlace {
  std::size_t raw, normalized;
};

bool is_ascii_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Writes the normalised fragment to *out, and to *places, unless nullptr, where one may take up
// again.
void normalize(const FragmentJob& job, std::pmr::vector<char>* out,
               std::pmr::vector<SpacePlace>* places) {
  SpaceRules rules(job.parts, job.starts_running_text, out);
  for (std::size_t at = 0; at < job.text.size();) {
    if (places != nullptr && job.text[at] == ' ' && !out->empty() && is_ascii_letter(out->back())) {
      places->push_back({at, out->size()});
    }
    std::string_view replacement;
    const std::size_t n_matched = job.parts.charsmap.match(job.text.substr(at), &replacement);
    if (n_matched > 0) {
      rules.add(replacement);
      at += n_matched;
      continue;
    }
    const Utf8Char c = decode_utf8(job.text.data() + at, job.text.size() - at);
    const bool is_mark = c.code == 0x2581;
    rules.add(is_mark ? " " : c.valid ? job.text.substr(at, c.n_bytes) : kReplacementText);
    at += c.n_bytes;
  }
}

// The best way to reach one offset of the chunk.
struct Best {
  double score = -std::numeric_limits<double>::infinity();
  std::uint32_t from = 0;
  Token token = kNoToken;  // kNoToken: an unknown character
};

// Covers chunks and appends their ids. Chunks are cut where no piece joins the neighbours: every
// path passes there, and the memory is that of the longest chunk instead of the text.
class Lattice {
 public:
  explicit Lattice(const FragmentJob& job)
      : job_(job), has_bytes_(job.parts.vocabulary.has_all_bytes()), best_(job.scratch.memory) {}

  void encode(std::string_view chunk) {
    const bool known = job_.scratch.words.append_known(chunk, job_.out);
    if (known) {
      behind_unknown_ = false;
      return;
    }
    best_.assign(chunk.size() + 1, Best{});
    best_[0].score = 0.0;
    for (std::size_t at = 0; at < chunk.size();) {
      const std::size_t n_char = decode_utf8(chunk.data() + at, chunk.size() - at).n_bytes;
      if (!relax_pieces(chunk, at, n_char)) {
        relax(at, at + n_char, best_[at].score + job_.parts.unknown_score, kNoToken);
      }
      at += n_char;
    }
    // What unknown characters become depends on their neighbours, so those are not kept.
    if (append_path(chunk)) job_.scratch.words.store(chunk, *job_.out);
  }

  bool is_behind_unknown() const { return behind_unknown_; }

 private:
  // Tries every piece that begins at `at`; returns whether one is exactly the character there.
  bool relax_pieces(std::string_view text, std::size_t at, std::size_t n_char) {
    const TokenizerParts& parts = job_.parts;
    bool has_char = false;
    TextTrie::Node node = TextTrie::kRoot;
    for (std::size_t i = at; i < text.size(); ++i) {
      node = parts.pieces.child(node, static_cast<unsigned char>(text[i]));
      if (node == TextTrie::kNoNode) break;
      const Token token = parts.pieces.token(node);
      if (token == kNoToken) continue;
      has_char = has_char || i + 1 - at == n_char;
      // A user-defined piece costs nothing, so that it wins over its parts.
      const bool free = parts.vocabulary.type(token) == TokenType::kUserDefined;
      const double score = free ? 0.0 : static_cast<double>(parts.vocabulary.score(token));
      relax(at, i + 1, best_[at].score + score, token);
    }
    return has_char;
  }

  void relax(std::size_t from, std::size_t to, double score, Token token) {
    Best& best = best_[to];
    if (score > best.score) best = {score, static_cast<std::uint32_t>(from), token};
  }

  // Follows the best path back, then writes it forwards. Neighbouring unknown characters are one
  // unknown token, or their bytes where the vocabulary has byte tokens. Returns whether all were
  // known.
  bool append_path(std::string_view chunk) {
    std::size_t to = chunk.size();
    std::uint32_t next = 0;  // links the path forwards, in `from`
    while (to > 0) {
      const std::uint32_t from = best_[to].from;
      best_[to].from = next;
      next = static_cast<std::uint32_t>(to);
      to = from;
    }
    bool all_known = true;
    for (std::size_t at = 0; next != 0; at = next, next = best_[next].from) {
      const Token token = best_[next].token;
      if (token != kNoToken) {
        job_.out->push_back(token);
      } else if (has_bytes_) {
        append_bytes(job_.parts, chunk.substr(at, next - at), job_.out);
      } else if (!behind_unknown_ && job_.parts.special.unk != kNoToken) {
        job_.out->push_back(job_.parts.special.unk);
      }
      behind_unknown_ = token == kNoToken;
      all_known = all_known && token != kNoToken;
    }
    return all_known;
  }

  const FragmentJob& job_;
  const bool has_bytes_;
  bool behind_unknown_ = false;
  std::pmr::vector<Best> best_;
};

}  // namespace

void encode_unigram(const FragmentJob& job) {
  auto& copy = job.scratch.text;
  copy.clear();
  std::pmr::vector<SpacePlace> places(job.scratch.memory);
  normalize(job, &copy, job.log == nullptr ? nullptr : &places);
  const std::string_view text(copy.data(), copy.size());
  Lattice lattice(job);
  auto place = places.begin();
  for (std::size_t begin = 0; begin < text.size();) {
    while (place != places.end() && place->normalized < begin) ++place;
    if (place != places.end() && place->normalized == begin && !lattice.is_behind_unknown()) {
      job.log->note(job.text_offset + place->raw, job.out->size(), false);
    }
    Utf8Char last = decode_utf8(text.data() + begin, text.size() - begin);
    std::size_t end = begin + last.n_bytes;
    while (end < text.size()) {
      const Utf8Char c = decode_utf8(text.data() + end, text.size() - end);
      if (!job.parts.neighbours.may_join(last.code, c.code)) break;
      last = c;
      end += c.n_bytes;
    }
    lattice.encode(text.substr(begin, end - begin));
    begin = end;
  }
}

}  // namespace minnow
