// Reading JSON the way the daemon's Go decoder reads it, and writing it the way Go's encoder writes it.
//
// All functions are pure and thread-safe. Input is untrusted: size, nesting and number of values are bounded.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/codec/json/value.h"

namespace dfsck {

// What may follow the first value. The daemon reads config.v2.json, hostconfig.json and repositories.json through a
// json.Decoder, which stops after one value and never looks at the rest; image configs, opts.json and the like
// go through json.Unmarshal, which allows white space only.
enum class JsonTrailing { Reject, Ignore };

struct JsonLimits {
  size_t max_bytes = 64U << 20;
  size_t max_depth = 64;          // nested arrays and objects
  size_t max_values = 2'000'000;  // of all types, members included; bounds memory at about 100 bytes each
  JsonTrailing trailing = JsonTrailing::Reject;
};

// How a document failed to parse. A crash leaves Empty or Truncated; anything else was overwritten or edited.
enum class JsonFault {
  None,
  Empty,      // nothing but white space: Go says "EOF" or "unexpected end of JSON input"
  Truncated,  // a valid beginning that ends in the middle: Go says "unexpected EOF"
  Garbage,    // a byte that cannot stand where it stands: Go says "invalid character"
  TooBig,     // a limit of ours
};

// Parses one document. Accepts what Go accepts: invalid UTF-8 and lone surrogates (\ud800, which becomes U+FFFD) in
// strings; of members with equal keys only the last one is kept, at its own place. Errors: Format with the byte
// offset and an escaped excerpt of at most 40 bytes, Limit beyond `limits`. `fault`, if given, gets the class of
// the failure (None on success).
Result<JsonValue> parse_json(std::string_view bytes, const JsonLimits& limits = {}, JsonFault* fault = nullptr);

// Prints as Go's json.Marshal does: compact, members in the order given, < > & U+2028 U+2029 as \uXXXX, control
// characters as \u00XX except \n \r \t (before Go 1.22; later \b and \f are short, which reads the same), invalid
// UTF-8 as \ufffd, numbers by their text. No newline at the end (json.Encoder adds one: config.v2.json has it).
std::string to_go_json(const JsonValue& value);

// `utf8` as a JSON string with its quotes, for our own reports: escapes only what JSON demands. Invalid UTF-8
// becomes U+FFFD, so that the result is always valid JSON; use escaped() first where the bytes matter.
std::string quoted_json(std::string_view utf8);

}  // namespace dfsck
