// Writing JSON: byte for byte as Go's encoding/json (encode.go:appendString), and for our own reports.
#include <cstdint>

#include "core/base/utf8.h"
#include "core/codec/json/escape.h"
#include "core/codec/json/json.h"

namespace dfsck {
namespace {

enum class Style { Go, Plain };

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
  // DEL is no control character to JSON or Go, and is written as it is.
  const bool html = c == '<' || c == '>' || c == '&';
  if (byte < 0x20 || (html && style == Style::Go)) {
    append_unicode_escape(out, byte);
  } else {
    out += c;
  }
}

void append_string(std::string& out, std::string_view bytes, Style style) {
  out += '"';
  while (!bytes.empty()) {
    const auto [length, point] = first_utf8(bytes);
    if (length == 0) {
      // One replacement for each bad byte, as Go's encoder does, not one for a run of them.
      append_unicode_escape(out, kReplacementCharacter);
    } else if (length == 1) {
      append_ascii(out, bytes[0], style);
    } else if (style == Style::Go && (point == 0x2028 || point == 0x2029)) {
      append_unicode_escape(out, point);
    } else {
      out += bytes.substr(0, length);
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
