// Temporary directories by mkdtemp and std::filesystem, which tests may use freely.
#include "tests/support/temp_root.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <system_error>

namespace dfsck::test {

namespace fs = std::filesystem;

TempRoot::TempRoot() {
  path_ = (fs::temp_directory_path() / "dfsck-test-XXXXXX").string();
  must(::mkdtemp(path_.data()) != nullptr, "mkdtemp");
}

TempRoot::~TempRoot() {
  if (::testing::Test::HasFailure()) {
    std::cerr << "kept for a look: " << path_ << '\n';
    return;
  }
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

Root TempRoot::open() const {
  Result<Root> root = Root::open(path_);
  if (!root) {
    std::cerr << root.error().message() << '\n';
    std::abort();
  }
  return std::move(*root);
}

void TempRoot::write(const std::string& at, const std::string& bytes) const {
  const fs::path path = fs::path(path_) / at;
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

void TempRoot::make_dir(const std::string& at) const { fs::create_directories(fs::path(path_) / at); }

void TempRoot::make_symlink(const std::string& at, const std::string& target) const {
  const fs::path path = fs::path(path_) / at;
  fs::create_directories(path.parent_path());
  fs::create_symlink(target, path);
}

void TempRoot::set_mtime(const std::string& at, int64_t seconds) const {
  const timespec times[2] = {{seconds, 0}, {seconds, 0}};
  if (::utimensat(AT_FDCWD, (path_ + "/" + at).c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) {
    std::perror("utimensat");
    std::abort();
  }
}

void must(bool done, const std::string& what) {
  if (!done) {
    std::perror(what.c_str());
    std::abort();
  }
}

}  // namespace dfsck::test
