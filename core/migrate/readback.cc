// The walk that reads the target.
#include "core/migrate/readback.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "core/base/patient_calls.h"
#include "core/fs/read_fault.h"

namespace dfsck {
namespace {

constexpr size_t kReadbackBuffer = 256 * 1024;
constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_NOATIME | O_CLOEXEC;

class ReadBackWalk : public TreeWalk {
 public:
  ReadBackWalk(CopyContext& context, CopyUnit& unit, SharedWork& work, ReadBack how, std::function<void()> done)
      : TreeWalk(context, unit, work, true), how_(how), done_(std::move(done)) {}

 private:
  std::optional<Dir> enter_target(const DirPair& parent, const std::string& name, WalkDir& dir) override {
    Result<Dir> opened = parent.target->open_dir(name);
    if (!opened) {
      differs(dir.path, opened.error().code, "the directory cannot be opened");
      return std::nullopt;
    }
    return std::move(*opened);
  }
  void member(const DirPair& pair, bool, const std::string& name, const std::string& path, const Statx& info) override {
    if (info.stat.is_file()) {
      judge(pair, name, path, info);
    }
  }
  void ended() override { done_(); }

  void differs(const std::string& path, int code, std::string detail) {
    unit_.tally.add({CopyProblem::Kind::TargetDiffers, path, code, 0, std::move(detail)});
  }
  void judge(const DirPair& pair, const std::string& name, const std::string& path, const Statx& info);
  void sum_up(int target, const std::string& path, uint64_t size);
  void compare(int source, int target, const std::string& path, uint64_t size);

  const ReadBack how_;
  std::function<void()> done_;
};

void ReadBackWalk::judge(const DirPair& pair, const std::string& name, const std::string& path, const Statx& info) {
  const Fd target(patient::openat(pair.target->fd(), name.c_str(), kFlags));
  Statx have;
  if (!target || read_statx(target.get(), "", have) != 0) {
    differs(path, errno, errno_text(errno));
    return;
  }
  if (have.stat.size != info.stat.size) {
    differs(path, 0, "is " + std::to_string(have.stat.size) + " bytes, should be " + std::to_string(info.stat.size));
    return;
  }
  // What was just written lies in the page cache; read from there it would prove nothing about the disk. The kernel
  // drops clean pages only, hence the sync before.
  ::posix_fadvise(target.get(), 0, 0, POSIX_FADV_DONTNEED);
  if (how_ == ReadBack::Sum && info.stat.links == 1) {
    sum_up(target.get(), path, info.stat.size);
    return;
  }
  // Files with several names have no sum of their own, since which of the names was copied is chance: they are
  // compared byte by byte.
  const Fd source(patient::openat(pair.source.fd(), name.c_str(), kFlags));
  if (source) {
    compare(source.get(), target.get(), path, info.stat.size);
  }
}

// Contents only: attributes were set by calls that either worked or were told of.
void ReadBackWalk::sum_up(int target, const std::string& path, uint64_t size) {
  const std::unique_ptr<char[]> buffer(new char[kReadbackBuffer]);
  BlockSum sum;
  for (uint64_t at = 0; at < size && !context_.stopped();) {
    const ssize_t got = patient::pread(target, buffer.get(), kReadbackBuffer, static_cast<off_t>(at));
    if (got <= 0) {
      differs(path, got < 0 ? errno : 0, "cannot be read back behind byte " + std::to_string(at));
      return;
    }
    sum.add(at, {buffer.get(), static_cast<size_t>(got)});
    at += static_cast<uint64_t>(got);
    context_.progress.add_bytes(static_cast<uint64_t>(got));
    context_.limit.take(static_cast<uint64_t>(got), context_.cancel);
  }
  unit_.content.add(content_item(path, size, sum.finish(size)));
}

// In step, so that the first difference is found without more memory than two pieces.
void ReadBackWalk::compare(int source, int target, const std::string& path, uint64_t size) {
  const std::unique_ptr<char[]> buffer(new char[2 * kReadbackBuffer]);
  char* const other = buffer.get() + kReadbackBuffer;
  for (uint64_t at = 0; at < size && !context_.stopped();) {
    const ssize_t wanted = read_fails(source, at, kReadbackBuffer)
                               ? -1
                               : patient::pread(source, buffer.get(), kReadbackBuffer, static_cast<off_t>(at));
    if (wanted <= 0) {
      return;  // not to be read: that was said when it was copied
    }
    const ssize_t got = patient::pread(target, other, static_cast<size_t>(wanted), static_cast<off_t>(at));
    if (got != wanted || std::memcmp(buffer.get(), other, static_cast<size_t>(wanted)) != 0) {
      differs(path, got < 0 ? errno : 0, "differs from the source behind byte " + std::to_string(at));
      return;
    }
    at += static_cast<uint64_t>(wanted);
    context_.progress.add_bytes(static_cast<uint64_t>(wanted));
    context_.limit.take(static_cast<uint64_t>(wanted), context_.cancel);
  }
}

}  // namespace

void read_back(CopyContext& context, CopyUnit& unit, SharedWork& work, ReadBack how, std::function<void()> ended) {
  std::make_shared<ReadBackWalk>(context, unit, work, how, std::move(ended))->start();
}

}  // namespace dfsck
