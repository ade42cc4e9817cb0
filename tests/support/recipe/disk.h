// Makes files the way the daemon leaves them: exact modes, owners and times.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/id_map.h"
#include "core/base/result.h"
#include "tests/support/recipe/recipe.h"

namespace dfsck {

struct DiskTime {
  int64_t seconds = kRecipeTime;
  long nanoseconds = 0;
};

// Writes below one directory; paths are relative to it. The first failure is kept and all that follows does nothing,
// so that callers need to ask only once, at the end.
class RecipeDisk {
 public:
  explicit RecipeDisk(std::string root) : root_(std::move(root)) {}

  // What containers own belongs to these ids on disk; all else to root, or, where the daemon itself lives in a
  // namespace, to that one's root.
  void set_ids(IdMap containers, bool daemon_too) {
    containers_ = std::move(containers);
    in_namespace_ = daemon_too;
  }
  uint32_t container_id(uint32_t id) const { return containers_.to_host(id).value_or(id); }
  uint32_t daemon_id() const { return in_namespace_ ? container_id(0) : 0; }
  bool in_namespace() const { return in_namespace_; }

  void directory(const std::string& path, mode_t mode);
  void file(const std::string& path, std::string_view bytes, mode_t mode);
  void symlink(const std::string& path, const std::string& target);
  void hardlink(const std::string& path, const std::string& target);
  void node(const std::string& path, mode_t type_and_mode, unsigned major_number, unsigned minor_number);
  void owner(const std::string& path, uint32_t uid, uint32_t gid);  // as on disk
  void mode(const std::string& path, mode_t mode);
  void attribute(const std::string& path, const std::string& name, const std::string& value);
  void time(const std::string& path, DiskTime time) { times_[path] = time; }

  void fail(const std::string& detail);
  bool failed() const { return !error_.empty(); }
  // Sets all times, last of all; says what failed first.
  Result<void> finish();

 private:
  std::string full(const std::string& path) const { return root_ + "/" + path; }
  void give_to_daemon(const std::string& path);
  void check(bool good, const std::string& path, const char* what);

  std::string root_;
  IdMap containers_;
  bool in_namespace_ = false;
  std::map<std::string, DiskTime> times_;
  std::string error_;
};

// How a tree lies on disk. An upper directory of the kernel (BuildKit's layers, containers) has nanoseconds and
// whiteouts of the host's root; an extracted tar has whole seconds and the owners of its headers.
enum class TreeStyle { Extracted, Upper };

// Writes `tree`, complete with its parents, into the existing directory `path`.
void write_tree(RecipeDisk& disk, const std::string& path, const RecipeTree& tree, TreeStyle style);

}  // namespace dfsck
