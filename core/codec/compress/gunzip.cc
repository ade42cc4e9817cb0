// The file as a source of bytes, and the bound of what comes out of it.
#include "core/codec/compress/gunzip.h"

#include <sys/types.h>

#include <optional>
#include <vector>

#include "core/base/patient_calls.h"

namespace dfsck {
namespace {

constexpr size_t kBlock = 64 * 1024;

class WholeFile final : public ByteSource {
 public:
  WholeFile(int fd, std::string where) : fd_(fd), where_(std::move(where)) {}

  Result<std::string_view> next() override {
    const ssize_t got = patient::pread(fd_, block_.data(), block_.size(), position_);
    if (got < 0) {
      return sys_error("read", where_);
    }
    position_ += got;
    return std::string_view(block_.data(), static_cast<size_t>(got));
  }

 private:
  int fd_;
  std::string where_;
  off_t position_ = 0;
  std::vector<char> block_ = std::vector<char>(kBlock);
};

}  // namespace

struct Gunzip::State {
  State(int fd, const std::string& name, uint64_t limit)
      : where(name), left(limit), file(fd, name), reader(file, name, GzipChecksums::Compare) {}

  std::string where;
  uint64_t left;  // bytes that may still come
  WholeFile file;
  GzipReader reader;
  std::optional<Error> too_big;
};

Gunzip::Gunzip(int fd, const std::string& where, uint64_t limit) : state_(std::make_unique<State>(fd, where, limit)) {}

Gunzip::~Gunzip() = default;

GzipFault Gunzip::fault() const { return state_->too_big ? GzipFault::TooBig : state_->reader.fault(); }

Result<std::string_view> Gunzip::next() {
  State& state = *state_;
  if (state.too_big) {
    return *state.too_big;
  }
  const Result<std::string_view> piece = state.reader.next();
  if (piece && piece->size() > state.left) {
    state.too_big = limit_error("decompress", state.where, "decompresses to too much");
    return *state.too_big;
  }
  state.left -= piece ? piece->size() : 0;
  return piece;
}

}  // namespace dfsck
