// JSON parsing on Boost.JSON's event parser, which hands over the text of numbers; its DOM would lose it.
// This is the only file that includes Boost.JSON, and no exception of it gets out.
#include "core/codec/json/json.h"

#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>
#include <exception>
#include <new>
#include <unordered_set>

#include "core/base/escape.h"
#include "core/base/utf8.h"
#include "core/codec/json/escape.h"

namespace dfsck {
namespace {

namespace json = boost::json;

constexpr std::string_view kParseJson = "parse JSON";
constexpr size_t kExcerptBytes = 40;
constexpr std::string_view kWhiteSpace = " \t\r\n";

// Of several members with one key, keeps the last, at its own place: the later a member of a document, the
// higher its right in Go, whichever of them differ in case only.
void drop_overridden(JsonValue::Object& members) {
  std::unordered_set<std::string_view> seen;
  std::vector<bool> overridden(members.size(), false);
  bool any = false;
  for (size_t i = members.size(); i-- > 0;) {
    overridden[i] = !seen.insert(members[i].key).second;
    any = any || overridden[i];
  }
  if (!any) {
    return;
  }
  JsonValue::Object kept;
  for (size_t i = 0; i < members.size(); ++i) {
    if (!overridden[i]) {
      kept.push_back(std::move(members[i]));
    }
  }
  members = std::move(kept);
}

// Builds a JsonValue from the parser's events. Each open array or object is a frame on a stack of our own.
class JsonTreeBuilder {
 public:
  // The parser's own bounds are off; ours count values of all kinds together, which is what bounds memory.
  static constexpr size_t max_object_size = static_cast<size_t>(-1);
  static constexpr size_t max_array_size = static_cast<size_t>(-1);
  static constexpr size_t max_key_size = static_cast<size_t>(-1);
  static constexpr size_t max_string_size = static_cast<size_t>(-1);

  explicit JsonTreeBuilder(size_t max_values) : left_(max_values) {}

  JsonValue take() { return std::move(root_); }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }

  bool on_object_begin(json::error_code&) { return open(JsonValue::object({})); }
  bool on_array_begin(json::error_code&) { return open(JsonValue::array({})); }
  bool on_array_end(size_t, json::error_code& error) { return close(error); }
  bool on_object_end(size_t, json::error_code& error) {
    drop_overridden(*frames_.back().value.as_object());
    return close(error);
  }

  // Long or escaped texts come in parts, of which the last is the one without "_part".
  bool on_key_part(json::string_view part, size_t, json::error_code&) { return collect(part); }
  bool on_key(json::string_view part, size_t, json::error_code&) {
    collect(part);
    frames_.back().key = std::move(text_);
    text_.clear();
    return true;
  }
  bool on_string_part(json::string_view part, size_t, json::error_code&) { return collect(part); }
  bool on_string(json::string_view part, size_t, json::error_code& error) {
    collect(part);
    return add(JsonValue::string(std::exchange(text_, {})), error);
  }
  bool on_number_part(json::string_view part, json::error_code&) { return collect(part); }
  bool on_int64(int64_t, json::string_view part, json::error_code& error) { return add_number(part, error); }
  bool on_uint64(uint64_t, json::string_view part, json::error_code& error) { return add_number(part, error); }
  bool on_double(double, json::string_view part, json::error_code& error) { return add_number(part, error); }
  bool on_bool(bool truth, json::error_code& error) { return add(JsonValue::boolean(truth), error); }
  bool on_null(json::error_code& error) { return add(JsonValue(), error); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  struct Frame {
    JsonValue value;
    std::string key;  // of the member that is being read, if `value` is an object
  };

  bool collect(json::string_view part) {
    text_.append(part.data(), part.size());
    return true;
  }

  bool open(JsonValue container) {
    frames_.push_back({std::move(container), {}});
    return true;
  }

  bool close(json::error_code& error) {
    JsonValue done = std::move(frames_.back().value);
    frames_.pop_back();
    return add(std::move(done), error);
  }

  // The text, not the value: a number of 20 digits, or 1.0, must come out again as it went in.
  bool add_number(json::string_view part, json::error_code& error) {
    collect(part);
    return add(JsonValue::number_text(std::exchange(text_, {})), error);
  }

  bool add(JsonValue value, json::error_code& error) {
    if (left_ == 0) {
      // Any error of the library's would do to stop it; this one is turned into a limit below.
      error = json::error::array_too_large;
      return false;
    }
    --left_;
    if (frames_.empty()) {
      root_ = std::move(value);
    } else if (Frame& frame = frames_.back(); JsonValue::Array* items = frame.value.as_array()) {
      items->push_back(std::move(value));
    } else {
      frame.value.as_object()->push_back({std::move(frame.key), std::move(value)});
    }
    return true;
  }

  size_t left_;
  std::vector<Frame> frames_;
  std::string text_;
  JsonValue root_;
};

// Go reads an escaped surrogate without its partner as U+FFFD; Boost refuses it. Rewrites such escapes in place,
// which keeps all offsets. A backslash outside of a string is an error in any case, so strings need not be tracked.
std::string with_lone_surrogates_replaced(std::string_view bytes) {
  std::string copy(bytes);
  for (size_t at = copy.find('\\'); at != std::string::npos; at = copy.find('\\', at)) {
    const std::optional<uint32_t> unit = unicode_escape(copy, at);
    if (!unit) {
      at += 2;
      continue;
    }
    const std::optional<uint32_t> next = unicode_escape(copy, at + kUnicodeEscape);
    if (is_high_surrogate(*unit) && next && is_low_surrogate(*next)) {
      at += 2 * kUnicodeEscape;
      continue;
    }
    if (is_high_surrogate(*unit) || is_low_surrogate(*unit)) {
      copy.replace(at + 2, 4, "fffd");
    }
    at += kUnicodeEscape;
  }
  return copy;
}

bool may_hold_surrogates(std::string_view bytes) {
  return bytes.find("\\ud") != std::string_view::npos || bytes.find("\\uD") != std::string_view::npos;
}

struct Failure {
  JsonFault fault;
  Error error;
};

Failure garbage(std::string_view bytes, size_t offset, std::string_view reason) {
  return {JsonFault::Garbage, format_error(kParseJson, "",
                                           std::string(reason) + " at byte " + std::to_string(offset) + ": \"" +
                                               escaped_excerpt(bytes.substr(offset), kExcerptBytes) + "\"")};
}

Failure parse_failure(std::string_view bytes, size_t offset, const json::error_code& error, const JsonLimits& limits) {
  // Boost calls a number that breaks off after its point or exponent a syntax error at the end.
  if (error == json::error::incomplete || (error == json::error::syntax && offset >= bytes.size())) {
    const size_t shown = std::min(bytes.size(), kExcerptBytes);
    return {JsonFault::Truncated, format_error(kParseJson, "",
                                               "ends in the middle at byte " + std::to_string(bytes.size()) +
                                                   ", after \"" + escaped(bytes.substr(bytes.size() - shown)) + "\"")};
  }
  if (error == json::error::too_deep) {
    return {JsonFault::TooBig, limit_error(kParseJson, "",
                                           "nested deeper than " + std::to_string(limits.max_depth) + " at byte " +
                                               std::to_string(offset))};
  }
  if (error == json::error::array_too_large) {
    return {JsonFault::TooBig,
            limit_error(kParseJson, "", "more than " + std::to_string(limits.max_values) + " values")};
  }
  return garbage(bytes, std::min(offset, bytes.size()), "not valid");
}

// Runs the parser over `text`, a document as Boost accepts it; `bytes` is the original for error messages.
std::variant<JsonValue, Failure> run_parser(std::string_view text, std::string_view bytes, const JsonLimits& limits) {
  json::parse_options options;
  options.max_depth = limits.max_depth;
  // Go replaces bad bytes by U+FFFD and goes on; a file name or label with such bytes is no damage to the document.
  options.allow_invalid_utf8 = true;
  json::basic_parser<JsonTreeBuilder> parser(options, limits.max_values);
  json::error_code error;
  // `false` says that nothing more follows: a document that ends in the middle is then an error of its own kind, which
  // is what a crash leaves.
  const size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (error) {
    return parse_failure(bytes, used, error, limits);
  }
  if (const size_t rest = text.find_first_not_of(kWhiteSpace, used);
      rest != std::string_view::npos && limits.trailing == JsonTrailing::Reject) {
    return garbage(bytes, rest, "more after the value");
  }
  return parser.handler().take();
}

std::variant<JsonValue, Failure> parse_checked(std::string_view bytes, const JsonLimits& limits) {
  if (bytes.size() > limits.max_bytes) {
    return Failure{JsonFault::TooBig, limit_error(kParseJson, "",
                                                  std::to_string(bytes.size()) + " bytes are more than " +
                                                      std::to_string(limits.max_bytes))};
  }
  if (bytes.find_first_not_of(kWhiteSpace) == std::string_view::npos) {
    return Failure{JsonFault::Empty, format_error(kParseJson, "", bytes.empty() ? "empty" : "only white space")};
  }
  try {
    // The copy is made only where a surrogate may stand, which is nearly never.
    return may_hold_surrogates(bytes) ? run_parser(with_lone_surrogates_replaced(bytes), bytes, limits)
                                      : run_parser(bytes, bytes, limits);
  } catch (const std::bad_alloc&) {
    throw;  // ours to do without, not the document's fault
  } catch (const std::exception& thrown) {
    return Failure{JsonFault::TooBig, limit_error(kParseJson, "", thrown.what())};
  }
}

}  // namespace

Result<JsonValue> parse_json(std::string_view bytes, const JsonLimits& limits, JsonFault* fault) {
  std::variant<JsonValue, Failure> outcome = parse_checked(bytes, limits);
  Failure* failure = std::get_if<Failure>(&outcome);
  if (fault != nullptr) {
    *fault = failure != nullptr ? failure->fault : JsonFault::None;
  }
  if (failure != nullptr) {
    return std::move(failure->error);
  }
  return std::move(*std::get_if<JsonValue>(&outcome));
}

}  // namespace dfsck
