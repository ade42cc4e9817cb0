// Writing and strictly reading members of the JSON objects in journals and plan files. Internal to core/plan and
// core/journal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/relpath.h"
#include "core/base/result.h"
#include "core/codec/json/value.h"
#include "core/fs/stat.h"

namespace dfsck {

// Numbers as JSON has them; 64 bits unsigned included.
JsonValue json_unsigned(uint64_t number);
JsonValue json_time(const FileTime& time);  // [seconds, nanoseconds]

// Adds bytes as text under `key`, or as base64 under "<key>_base64" where they are not plain printable UTF-8.
void add_bytes(JsonValue::Object& object, std::string_view key, std::string_view bytes);

// Reads members of one object. The first failure is kept and all later reads give empty values, so that a reader is a
// list of calls with one look at error() at the end. `where` says in messages which object it is.
class MemberReader {
 public:
  MemberReader(const JsonValue& value, std::string where);

  bool has(std::string_view key) const { return value_.find_exact(key) != nullptr; }
  bool has_bytes(std::string_view key) const;
  std::string text(std::string_view key);
  std::string bytes(std::string_view key);
  RelPath path(std::string_view key);  // not the root
  uint64_t number(std::string_view key, uint64_t most = UINT64_MAX);
  uint32_t number32(std::string_view key, uint32_t most = UINT32_MAX);
  int64_t signed_number(std::string_view key);
  bool truth(std::string_view key);                    // false where there is no such member
  std::optional<FileTime> time(std::string_view key);  // nothing where there is no such member
  const JsonValue::Array& array(std::string_view key);
  const JsonValue& member(std::string_view key);

  void fail(std::string_view key, std::string_view what);
  bool failed() const { return error_.has_value(); }
  const Error& error() const { return *error_; }

 private:
  const JsonValue& value_;
  std::string where_;
  std::optional<Error> error_;
};

}  // namespace dfsck
