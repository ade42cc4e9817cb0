// Writing JSON: byte for byte as Go's encoding/json (encode.go:appendString), and for our own reports.
#include <cstdint>

#include "core/codec/json.h"

namespace dfsck {
namespace {

constexpr char kHex[] = "0123456789abcdef";

enum class Style { Go, Plain };

// Length of the UTF-8 sequence at the start of `bytes` as Go's utf8.DecodeRune accepts it (RFC 3629), or 0.
size_t utf8_length(std::string_view bytes) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const uint8_t lead = at(0);
  if (lead < 0x80) {
    return 1;
  }
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || bytes.size() < length) {
    return 0;
  }
  // The second byte alone rules out overlong forms, surrogates and what lies beyond U+10FFFF.
  const uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (at(1) < low || at(1) > high) {
    return 0;
  }
  for (size_t i = 2; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) {
      return 0;
    }
  }
  return length;
}

void append_unit(std::string& out, uint32_t unit) {
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) {
    out += kHex[(unit >> shift) & 15];
  }
}

void append_ascii(std::string& out, char c, Style style) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  const auto byte = static_cast<uint8_t>(c);
  const bool html = c == '<' || c == '>' || c == '&';
  // DEL is no control character to JSON or Go, and is written as it is.
  if (byte < 0x20 || (html && style == Style::Go)) {
    append_unit(out, byte);
  } else {
    out += c;
  }
}

void append_string(std::string& out, std::string_view bytes, Style style) {
  out += '"';
  while (!bytes.empty()) {
    const size_t length = utf8_length(bytes);
    const std::string_view sequence = bytes.substr(0, length);
    // One replacement for each bad byte, as Go's encoder does, not one for a run of them.
    if (length == 0) {
      append_unit(out, 0xfffd);
    } else if (length == 1) {
      append_ascii(out, bytes[0], style);
    } else if (style == Style::Go && (sequence == "\u2028" || sequence == "\u2029")) {
      append_unit(out, sequence == "\u2028" ? 0x2028 : 0x2029);
    } else {
      out += sequence;
    }
    bytes.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

void append_value(std::string& out, const JsonValue& value);

void append_array(std::string& out, const JsonValue::Array& items) {
  out += '[';
  for (const JsonValue& item : items) {
    if (&item != &items.front()) {
      out += ',';
    }
    append_value(out, item);
  }
  out += ']';
}

void append_object(std::string& out, const JsonValue::Object& members) {
  out += '{';
  for (const JsonMember& member : members) {
    if (&member != &members.front()) {
      out += ',';
    }
    append_string(out, member.key, Style::Go);
    out += ':';
    append_value(out, member.value);
  }
  out += '}';
}

// Recursion is as deep as the tree, which parse_json bounds.
void append_value(std::string& out, const JsonValue& value) {
  if (const std::optional<bool> truth = value.as_bool()) {
    out += *truth ? "true" : "false";
  } else if (const JsonNumber* number = value.as_number()) {
    out += number->text;
  } else if (const std::string* text = value.as_string()) {
    append_string(out, *text, Style::Go);
  } else if (const JsonValue::Array* items = value.as_array()) {
    append_array(out, *items);
  } else if (const JsonValue::Object* members = value.as_object()) {
    append_object(out, *members);
  } else {
    out += "null";
  }
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t length = utf8_length(bytes);
    if (length == 0) {
      return false;
    }
    bytes.remove_prefix(length);
  }
  return true;
}

std::string to_go_json(const JsonValue& value) {
  std::string out;
  append_value(out, value);
  return out;
}

std::string quoted_json(std::string_view utf8) {
  std::string out;
  out.reserve(utf8.size() + 2);
  append_string(out, utf8, Style::Plain);
  return out;
}

}  // namespace dfsck
