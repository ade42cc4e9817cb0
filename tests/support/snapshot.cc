// Walks a tree with lstat, listxattr and read.
#include "tests/support/snapshot.h"

#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <vector>

#include "core/codec/digest.h"

namespace dfsck {
namespace {

std::string attributes_of(const std::string& path) {
  std::vector<char> names(64 * 1024);
  const ssize_t size = ::llistxattr(path.c_str(), names.data(), names.size());
  std::map<std::string, std::string> found;  // in an order that does not depend on how they came to be
  for (ssize_t at = 0; at < size;) {
    const std::string name = names.data() + at;
    std::vector<char> value(64 * 1024);
    const ssize_t length = ::lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
    found[name] = std::string(value.data(), length > 0 ? static_cast<size_t>(length) : 0);
    at += static_cast<ssize_t>(name.size()) + 1;
  }
  std::string text;
  for (const auto& [name, value] : found) {
    text += " " + name + "=" + value;
  }
  return text;
}

std::string contents_of(const std::string& path, const struct stat& info) {
  if (S_ISREG(info.st_mode)) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream bytes;
    bytes << file.rdbuf();
    return " content " + sha256_hex(bytes.str());
  }
  if (S_ISLNK(info.st_mode)) {
    std::array<char, 4096> target{};
    const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
    return " -> " + std::string(target.data(), length > 0 ? static_cast<size_t>(length) : 0);
  }
  return "";
}

std::string time_text(const timespec& time) { return std::to_string(time.tv_sec) + "." + std::to_string(time.tv_nsec); }

std::string described(const std::string& path, const struct stat& info) {
  std::ostringstream text;
  text << std::oct << info.st_mode << std::dec << " owner " << info.st_uid << ":" << info.st_gid << " inode "
       << info.st_ino << " links " << info.st_nlink << " size " << info.st_size << " device " << info.st_rdev
       << " modified " << time_text(info.st_mtim) << " changed " << time_text(info.st_ctim);
  return text.str() + contents_of(path, info) + attributes_of(path);
}

}  // namespace

Result<Snapshot> take_snapshot(const std::string& root) {
  Snapshot snapshot;
  std::vector<std::string> paths{root};
  std::error_code failure;
  for (std::filesystem::recursive_directory_iterator entry(root, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    paths.push_back(entry->path().string());
  }
  if (failure) {
    return format_error("take snapshot", root, failure.message());
  }
  for (const std::string& path : paths) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) {
      return sys_error("lstat", path);
    }
    snapshot[path == root ? "." : path.substr(root.size() + 1)] = described(path, info);
  }
  return snapshot;
}

std::string difference(const Snapshot& before, const Snapshot& after) {
  constexpr size_t kShown = 10;
  std::vector<std::string> lines;
  for (const auto& [path, text] : before) {
    const auto found = after.find(path);
    if (found == after.end()) {
      lines.push_back(path + " is gone");
    } else if (found->second != text) {
      lines.push_back(path + " was " + text + ", is " + found->second);
    }
  }
  for (const auto& [path, text] : after) {
    if (before.count(path) == 0) {
      lines.push_back(path + " is new");
    }
  }
  std::string all;
  for (size_t i = 0; i < lines.size() && i < kShown; ++i) {
    all += lines[i] + "\n";
  }
  return all;
}

}  // namespace dfsck
