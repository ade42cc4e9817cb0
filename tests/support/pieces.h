// A source that gives bytes in pieces of a chosen size.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "core/codec/byte_source.h"

namespace dfsck::test {

class Pieces final : public ByteSource {
 public:
  Pieces(std::string bytes, size_t size) : bytes_(std::move(bytes)), size_(size) {}

  // Ends with this error instead of an end.
  void fail_with(Error error) { error_ = std::move(error); }
  void allow_skips() { can_skip_ = true; }
  size_t skipped() const { return skipped_; }

  Result<std::string_view> next() override {
    current_ = bytes_.substr(at_, size_);  // a copy, so that a piece used too late is seen
    at_ += current_.size();
    if (current_.empty() && error_) {
      return *error_;
    }
    return std::string_view(current_);
  }
  Result<uint64_t> skip(uint64_t bytes) override {
    const uint64_t passed = can_skip_ ? std::min<uint64_t>(bytes, bytes_.size() - at_) : 0;
    at_ += passed;
    skipped_ += passed;
    return passed;
  }

 private:
  std::string bytes_;
  size_t size_;
  std::string current_;
  size_t at_ = 0;
  size_t skipped_ = 0;
  bool can_skip_ = false;
  std::optional<Error> error_;
};

// All that a source gives, or the message of its error behind it.
inline std::string drained(ByteSource& source) {
  std::string all;
  for (;;) {
    const Result<std::string_view> piece = source.next();
    if (!piece) {
      return all + "\nerror: " + piece.error().message();
    }
    if (piece->empty()) {
      return all;
    }
    all += *piece;
  }
}

}  // namespace dfsck::test
