// The files that a donor consists of, whether in a tar or in a directory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/relpath.h"
#include "core/base/result.h"
#include "core/codec/byte_source.h"

namespace dfsck {

struct Member {
  enum class Type { File, Directory, Link };
  Type type = Type::File;
  uint64_t size = 0;   // of a file
  uint64_t place = 0;  // where the store finds its bytes
  RelPath target;      // of a link, symbolic or hard: inside the donor, by its text
};

// Safe to use from many threads.
class MemberStore {
 public:
  virtual ~MemberStore() = default;

  // What has exactly this name, a link itself and not what it leads to; nothing if there is none. Format error for what
  // a donor cannot hold (a device, a link that leads out of it).
  virtual Result<std::optional<Member>> look_up(const RelPath& name) const = 0;
  // The bytes of a file that look_up gave. The store must stay.
  virtual Result<std::unique_ptr<ByteSource>> open(const RelPath& name, const Member& file) const = 0;
  // The directories that stand directly in the donor, sorted.
  virtual Result<std::vector<RelPath>> top_directories() const = 0;
  // Members cost least where they are read in the order of their places.
  virtual bool is_sequential() const { return false; }
  // The donor and a member of it, for messages.
  std::string where(const RelPath& name) const;

 protected:
  explicit MemberStore(std::string shown) : shown_(std::move(shown)) {}
  const std::string& shown() const { return shown_; }  // the donor's path, escaped

 private:
  std::string shown_;
};

struct FoundFile {
  RelPath name;  // behind all links
  Member member;
};

// The file that `name` leads to, through links of the donor. Format error, naming `name`, if it leads nowhere, in a
// circle or to something else than a file.
Result<FoundFile> find_file(const MemberStore& store, const RelPath& name);
// Whether there is a file of that name, or a link.
Result<bool> has_member(const MemberStore& store, const RelPath& name);
// The whole of a small file. Limit error if it is larger than `limit` bytes.
Result<std::string> read_document(const MemberStore& store, const RelPath& name, size_t limit);

}  // namespace dfsck
