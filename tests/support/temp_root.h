// A directory for the time of one test, to play a data root.
#pragma once

#include <string>

#include "core/fs/root.h"

namespace dfsck::test {

// Made empty; removed with everything in it at the end, unless the test failed: then its path is printed.
class TempRoot {
 public:
  TempRoot();
  ~TempRoot();
  TempRoot(const TempRoot&) = delete;
  TempRoot& operator=(const TempRoot&) = delete;

  const std::string& path() const { return path_; }
  Root open() const;

  // Paths are below the root; directories on the way are made.
  void write(const std::string& at, const std::string& bytes) const;
  void make_dir(const std::string& at) const;
  void make_symlink(const std::string& at, const std::string& target) const;
  // Sets the modification time, in seconds since 1970.
  void set_mtime(const std::string& at, int64_t seconds) const;

 private:
  std::string path_;
};

// For what a test needs to be able to do: ends the process, with errno in words, where it failed.
void must(bool done, const std::string& what);

}  // namespace dfsck::test
