// Commas, indentation and escaping of JSON.
#include "cmd/render/json_writer.h"

#include <array>
#include <cstdio>

#include "cmd/render/safe_text.h"
#include "core/codec/json/json.h"

namespace dfsck {
namespace {

// Names on a disk are bytes. They are escaped as in text before they are quoted, so that a document is
// valid UTF-8 whatever a root holds, and the same name looks the same in both forms.
std::string quoted(std::string_view value) { return quoted_json(safe_text(value)); }

}  // namespace

JsonWriter& JsonWriter::key(std::string_view name) {
  begin_value();
  out_ += quoted(name) + ": ";
  after_key_ = true;
  return *this;
}

JsonWriter& JsonWriter::text(std::string_view value) { return raw(quoted(value)); }

// A fixed number of digits, with a point whatever the locale: nothing sets one here.
JsonWriter& JsonWriter::seconds(double value) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%.3f", value);
  return raw(buffer.data());
}

// An empty list and never null: whoever reads it can loop over it in any case.
JsonWriter& JsonWriter::texts(const std::vector<std::string>& values) {
  array();
  for (const std::string& value : values) {
    text(value);
  }
  return end_array();
}

// With a newline at its end, so that documents in a pipe are whole lines.
std::string JsonWriter::take() { return std::move(out_) + "\n"; }

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

// The comma belongs to what follows: who writes a list need not know which member is the last.
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
