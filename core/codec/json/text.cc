// A second, simple pass over text that the real parser has found to be valid, within its limits of depth and size.
#include "core/codec/json/text.h"

#include <cstdint>

#include "core/base/escape.h"
#include "core/base/try.h"
#include "core/base/utf8.h"
#include "core/codec/json/escape.h"

namespace dfsck {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// The parser has to be first: this one takes every bracket and quote for what it seems to be, and recurses as deep as
// the document, which the parser has bounded.
class TextWalk {
 public:
  TextWalk(std::string_view text, const JsonVisitor& visit) : text_(text), visit_(visit) {}

  void run() {
    skip_blanks();
    value();
  }

 private:
  // Ends of text never come unexpected, but cost nothing to look for.
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) {
      ++at_;
    }
  }

  // The text between the quotes at the current place; goes behind them.
  std::string_view string() {
    const size_t begin = ++at_;
    while (at_ < text_.size() && text_[at_] != '"') {
      at_ += text_[at_] == '\\' ? 2 : 1;
    }
    const std::string_view raw = text_.substr(begin, at_ - begin);
    ++at_;
    return raw;
  }

  void value() {
    JsonPlace place;
    place.begin = at_;
    switch (peek()) {
      case '"':
        place.kind = JsonPlace::Kind::String;
        string();
        break;
      case '{':
        place.kind = JsonPlace::Kind::Object;
        members('}');
        break;
      case '[':
        place.kind = JsonPlace::Kind::Array;
        members(']');
        break;
      default:
        while (at_ < text_.size() && !is_blank(text_[at_]) && text_[at_] != ',' && text_[at_] != ']' &&
               text_[at_] != '}') {
          ++at_;
        }
    }
    place.end = at_;
    visit_(path_, place);
  }

  void members(char closing) {
    ++at_;
    skip_blanks();
    for (size_t index = 0; at_ < text_.size() && peek() != closing; ++index) {
      JsonStep step{"", index, closing == ']'};
      if (!step.in_array) {
        step.key = decoded_json(string());
        skip_blanks();
        ++at_;  // the colon
        skip_blanks();
      }
      path_.push_back(std::move(step));
      value();
      skip_blanks();
      path_.pop_back();
      if (peek() == ',') {
        ++at_;
        skip_blanks();
      }
    }
    ++at_;
  }

  std::string_view text_;
  const JsonVisitor& visit_;
  size_t at_ = 0;
  std::vector<JsonStep> path_;
};

// Decodes what stands at `at` and gives how long it is.
size_t decode_one(std::string_view raw, size_t at, std::string& bytes) {
  if (raw[at] != '\\' || at + 1 >= raw.size()) {
    bytes += raw[at];
    return 1;
  }
  const std::optional<uint32_t> first = unicode_escape(raw, at);
  if (!first) {
    constexpr std::string_view kFrom = "bfnrt", kTo = "\b\f\n\r\t";
    const size_t found = kFrom.find(raw[at + 1]);
    bytes += found == std::string_view::npos ? raw[at + 1] : kTo[found];
    return 2;
  }
  const std::optional<uint32_t> second = unicode_escape(raw, at + kUnicodeEscape);
  if (is_high_surrogate(*first) && second && is_low_surrogate(*second)) {
    append_utf8(bytes, joined_surrogates(*first, *second));
    return 2 * kUnicodeEscape;
  }
  append_utf8(bytes, is_high_surrogate(*first) || is_low_surrogate(*first) ? kReplacementCharacter : *first);
  return kUnicodeEscape;
}

}  // namespace

Result<void> visit_json_text(std::string_view text, const JsonLimits& limits, const JsonVisitor& visit) {
  TRY(parse_json(text, limits));
  TextWalk(text, visit).run();
  return {};
}

std::string decoded_json(std::string_view raw) {
  std::string bytes;
  for (size_t at = 0; at < raw.size();) {
    at += decode_one(raw, at, bytes);
  }
  return bytes;
}

std::optional<size_t> json_prefix(std::string_view raw, std::string_view wanted) {
  std::string bytes;
  size_t at = 0;
  while (bytes.size() < wanted.size() && at < raw.size()) {
    at += decode_one(raw, at, bytes);
  }
  return bytes == wanted ? std::optional(at) : std::nullopt;
}

std::string encoded_json(std::string_view bytes) {
  const std::string quoted = to_go_json(JsonValue::string(std::string(bytes)));
  return quoted.substr(1, quoted.size() - 2);
}

std::string json_path_text(const std::vector<JsonStep>& path) {
  std::string text;
  for (const JsonStep& step : path) {
    if (step.in_array) {
      text += "[" + std::to_string(step.index) + "]";
    } else {
      text += (text.empty() ? "" : ".") + escaped(step.key);
    }
  }
  return text;
}

}  // namespace dfsck
