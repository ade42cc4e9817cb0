// Collects the issues of one layer while its headers are gone through in order.
//
// What is on disk is the result of all headers, and a later one may overrule an earlier one: a whiteout is replaced by
// an entry of its name, a hard link sets owner and mode of the file it links to. So an issue is kept under the place
// and the inode that it is about, and taken back if a later header explains what is there.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/content/verify.h"

namespace dfsck {

// A name in a directory, as one number: the directory's inode and the name, hashed.
uint64_t name_hash(uint64_t directory_inode, std::string_view name);

class IssueLog {
 public:
  // What an issue hangs on; 0 where there is nothing of that kind.
  struct Anchor {
    uint64_t place = 0;
    uint64_t inode = 0;
    std::string attribute;  // name of the extended attribute, of Xattr issues
  };

  void add(Issue issue, Anchor anchor);

  bool empty() const { return live_ == 0; }
  // Takes back what was said about this place: another header has the same name.
  void overrule_place(uint64_t place);
  // Takes back what was said about owner, mode, time, and those attributes for which `covers` says so, of this inode.
  void overrule_inode(uint64_t inode, const std::function<bool(const std::string& attribute)>& covers);
  // Takes back what was said about everything below this directory: another header put something else in its stead.
  void overrule_below(std::string_view directory);

  // All that stands, sorted by path and kind.
  std::vector<Issue> take();
  uint64_t dropped() const { return dropped_; }

 private:
  struct Entry {
    Issue issue;
    std::string attribute;
    bool stands = true;
  };
  void withdraw(size_t index);

  std::vector<Entry> entries_;
  std::unordered_multimap<uint64_t, size_t> by_place_;
  std::unordered_multimap<uint64_t, size_t> by_inode_;
  size_t live_ = 0;
  uint64_t dropped_ = 0;
};

}  // namespace dfsck
