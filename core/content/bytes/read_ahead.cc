// A ring of parsed entries. Parsing ahead is cheap; what costs is the open, the advice and the close of each file.
#include "core/content/bytes/read_ahead.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <string>

#include "core/base/patient_calls.h"
#include "core/fs/dir.h"

namespace dfsck {

ReadAhead::ReadAhead(LayerStream& stream, int tree)
    : stream_(stream), cursor_(tree), slots_(kSlots), kinds_(kSlots, LayerStream::Kind::Entry) {}

Result<LayerStream::Kind> ReadAhead::next(LayerEntry*& entry) {
  if (count_ > 0) {
    bytes_ -= slots_[first_].fetched;
    first_ = (first_ + 1) % kSlots;
    --count_;
  }
  // One cold file says that its neighbours in the tar are cold as well; after so many warm ones the look ahead ends by
  // itself.
  fill(cold_left_ > 0 ? kSlots : 1);
  if (count_ == 0) {
    return end_;
  }
  cold_left_ -= cold_left_ > 0 ? 1 : 0;
  entry = &slots_[first_].entry;
  return kinds_[first_];
}

// The slot at the front is not counted in `bytes_`-limits: it is about to be read anyway.
void ReadAhead::fill(size_t wanted) {
  while (!ended_ && count_ < wanted && (count_ == 0 || bytes_ < kMaxBytes)) {
    const size_t index = (first_ + count_) % kSlots;
    Slot& slot = slots_[index];
    slot.fetched = 0;
    // An error is kept until the entries before it were given: it belongs to its place in the stream.
    const Result<LayerStream::Kind> kind = stream_.next(slot.entry);
    if (!kind || *kind == LayerStream::Kind::End) {
      ended_ = true;
      end_ = kind;
      return;
    }
    kinds_[index] = *kind;
    ++count_;
    // Not the entry at the front, which is read at once.
    if (wanted > 1 && count_ > 1 && *kind == LayerStream::Kind::Entry) {
      fetch(slot);
    }
  }
}

void ReadAhead::fetch(Slot& slot) {
  const LayerEntry& entry = slot.entry;
  if (entry.header.file_type() != S_IFREG || entry.size == 0 || entry.path.empty() || !cursor_.enter(entry.parent())) {
    return;
  }
  const std::string name(entry.base());
  struct ::stat raw {};
  if (patient::fstatat(cursor_.fd(), name.c_str(), &raw, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(raw.st_mode)) {
    return;  // only files are opened, ever; the check itself will say what is wrong
  }
  // Opened for the advice and closed: the pages stay, and no descriptor is held for files that wait.
  const Fd fd(open_for_reading(cursor_.fd(), name.c_str()));
  if (fd) {
    slot.fetched = std::min(entry.size, kMaxPerFile);
    bytes_ += slot.fetched;
    ::posix_fadvise(fd.get(), 0, static_cast<off_t>(slot.fetched), POSIX_FADV_WILLNEED);
  }
}

}  // namespace dfsck
