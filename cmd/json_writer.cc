// Commas, indentation and escaping of JSON.
#include "cmd/json_writer.h"

#include <array>
#include <cstdio>

#include "cmd/safe_text.h"
#include "core/codec/json.h"

namespace dfsck {
namespace {

std::string quoted(std::string_view value) {
  return quoted_json(safe_text(value));
}

}  // namespace

JsonWriter& JsonWriter::key(std::string_view name) {
  begin_value();
  out_ += quoted(name) + ": ";
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) {
  return raw(quoted(value));
}

JsonWriter& JsonWriter::seconds(double value) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.3f", value);
  return raw(buffer.data());
}

JsonWriter& JsonWriter::texts(const std::vector<std::string>& values) {
  array();
  for (const std::string& value : values) {
    text(value);
  }
  return end_array();
}

std::string JsonWriter::take() {
  return std::move(out_) + "\n";
}

JsonWriter& JsonWriter::open(char bracket) {
  begin_value();
  out_ += bracket;
  ++depth_;
  empty_ = true;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  --depth_;
  if (!empty_) {
    new_line();
  }
  out_ += bracket;
  empty_ = false;
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view value) {
  begin_value();
  out_ += value;
  return *this;
}

void JsonWriter::begin_value() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (depth_ > 0) {
    out_ += empty_ ? "" : ",";
    new_line();
  }
  empty_ = false;
}

void JsonWriter::new_line() {
  out_ += '\n';
  out_.append(2 * depth_, ' ');
}

}  // namespace dfsck
