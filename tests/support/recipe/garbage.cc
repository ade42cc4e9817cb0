// Collects the files first: what replaces them must not be walked into.
#include "tests/support/recipe/garbage.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <system_error>
#include <vector>

namespace dfsck {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> own_files(const std::string& root) {
  std::vector<std::string> files;
  std::error_code failure;
  for (fs::recursive_directory_iterator entry(root, failure), end; entry != end; entry.increment(failure)) {
    const std::string name = entry->path().filename().string();
    if (name == "diff" && entry->is_directory()) {
      entry.disable_recursion_pending();
    } else if (name == "_data") {
      entry.disable_recursion_pending();
    } else if (entry->symlink_status().type() == fs::file_type::regular) {
      files.push_back(entry->path().string());
    }
  }
  return files;
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
}

bool spoil(const std::string& path, const std::string& way) {
  if (way == "truncate") {
    return ::truncate(path.c_str(), 0) == 0;
  }
  if (way == "brackets") {
    write_file(path, std::string(1U << 20, '['));
    return true;
  }
  if (way == "mode-0") {
    return ::chmod(path.c_str(), 0) == 0;
  }
  if (::unlink(path.c_str()) != 0) {
    return false;
  }
  return way == "directory" ? ::mkdir(path.c_str(), 0755) == 0
         : way == "fifo"    ? ::mkfifo(path.c_str(), 0644) == 0
                            : ::symlink("/etc/passwd", path.c_str()) == 0;
}

}  // namespace

Result<void> spoil_every_file(const std::string& root, const std::string& way) {
  for (const std::string& path : own_files(root)) {
    if (!spoil(path, way)) {
      return sys_error("spoil", path);
    }
  }
  return {};
}

}  // namespace dfsck
