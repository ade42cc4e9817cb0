// Damages a root that was built: one verb for each thing that goes wrong with files.
//
// Times of what is damaged stay those of the recipe, so that a report never depends on the clock.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <system_error>

#include "core/base/text.h"
#include "tests/support/recipe/garbage.h"
#include "tests/support/recipe/recipe.h"

namespace dfsck {
namespace {

class Damage {
 public:
  Damage(std::string root, const RecipeNames& names) : root_(std::move(root)), names_(names) {}

  Result<void> apply(const RecipeItem& item) {
    item_ = &item;
    error_.clear();
    perform();
    if (!error_.empty()) {
      return format_error("damage", "line " + std::to_string(item.line), item.kind + ": " + error_);
    }
    return {};
  }

 private:
  void perform();
  void write_bytes(const std::string& path, const std::string& bytes);
  void flip(const std::string& path);
  void zero(const std::string& path);
  void change_node(const std::string& verb);
  void make_node(const std::string& verb);

  // `@top.dir/link` -> `overlay2/1111.../link`, and `@{top.chain}` anywhere.
  std::string expanded(const std::string& text);
  std::string looked_up(const std::string& key);
  std::string path(size_t index) { return root_ + "/" + expanded(item_->word(index)); }
  std::string text(size_t index) { return expanded(item_->word(index)); }
  uint64_t number(size_t index);
  unsigned octal(size_t index);
  std::string bytes_of(const std::string& path);
  void check(bool good) {
    if (!good && error_.empty()) {
      error_ = errno_text(errno);
    }
  }
  void keep_time(const std::string& path, int64_t seconds = kRecipeTime) {
    const timespec value{seconds, 0};
    const std::array<timespec, 2> both{value, value};
    ::utimensat(AT_FDCWD, path.c_str(), both.data(), AT_SYMLINK_NOFOLLOW);
  }

  std::string root_;
  const RecipeNames& names_;
  const RecipeItem* item_ = nullptr;
  std::string error_;
};

std::string Damage::looked_up(const std::string& key) {
  const auto found = names_.find(key);
  if (found == names_.end()) {
    error_ = "nothing is called @" + key;
    return key;
  }
  return found->second;
}

std::string Damage::expanded(const std::string& text) {
  std::string result = text;
  if (result.starts_with('@') && !result.starts_with("@{")) {
    const size_t slash = result.find('/');
    const size_t end = slash == std::string::npos ? result.size() : slash;
    result = looked_up(result.substr(1, end - 1)) + result.substr(end);
  }
  for (size_t at = result.find("@{"); at != std::string::npos; at = result.find("@{", at + 1)) {
    const size_t end = result.find('}', at);
    if (end != std::string::npos) {
      result = result.substr(0, at) + looked_up(result.substr(at + 2, end - at - 2)) + result.substr(end + 1);
    }
  }
  return result;
}

uint64_t Damage::number(size_t index) {
  const auto value = parse_uint64(item_->word(index));
  if (!value) {
    error_ = "not a number: " + item_->word(index);
  }
  return value.value_or(0);
}

unsigned Damage::octal(size_t index) {
  unsigned value = 0;
  for (const char c : item_->word(index)) {
    value = value * 8 + static_cast<unsigned>(c - '0');
  }
  return value;
}

std::string Damage::bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  check(file.good());
  return bytes.str();
}

void Damage::write_bytes(const std::string& path, const std::string& bytes) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
  check(fd >= 0);
  if (fd >= 0) {
    check(::write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    ::close(fd);
  }
}

void Damage::flip(const std::string& path) {
  std::string bytes = bytes_of(path);
  const size_t at = number(1);
  if (at >= bytes.size()) {
    error_ = "the file has only " + std::to_string(bytes.size()) + " bytes";
    return;
  }
  bytes[at] = static_cast<char>(~static_cast<unsigned char>(bytes[at]));
  write_bytes(path, bytes);
}

void Damage::zero(const std::string& path) {
  std::string bytes = bytes_of(path);
  const size_t from = item_->words.size() > 1 ? number(1) : 0;
  const size_t size = item_->words.size() > 2 ? number(2) : bytes.size() - from;
  if (from + size > bytes.size()) {
    error_ = "the file has only " + std::to_string(bytes.size()) + " bytes";
    return;
  }
  write_bytes(path, bytes.replace(from, size, size, '\0'));
}

void Damage::make_node(const std::string& verb) {
  const std::string target = path(0);
  if (verb == "mkdir") {
    check(::mkdir(target.c_str(), 0755) == 0);
  } else if (verb == "symlink") {
    check(::symlink(text(1).c_str(), target.c_str()) == 0);
  } else if (verb == "hardlink") {
    check(::link(path(1).c_str(), target.c_str()) == 0);
  } else if (verb == "fifo") {
    check(::mkfifo(target.c_str(), 0644) == 0);
  } else {
    const mode_t type = item_->word(1) == "b" ? S_IFBLK : S_IFCHR;
    const dev_t device = ::makedev(static_cast<unsigned>(number(2)), static_cast<unsigned>(number(3)));
    check(::mknod(target.c_str(), type, device) == 0);
  }
}

void Damage::change_node(const std::string& verb) {
  const std::string target = path(0);
  if (verb == "chmod") {
    check(::chmod(target.c_str(), octal(1)) == 0);
  } else if (verb == "chown") {
    struct stat before {};
    check(::lstat(target.c_str(), &before) == 0);
    check(::lchown(target.c_str(), static_cast<uid_t>(number(1)), static_cast<gid_t>(number(2))) == 0);
    // The mode is not what this verb changes, though the kernel takes setuid away.
    check(S_ISLNK(before.st_mode) || ::chmod(target.c_str(), before.st_mode & 07777) == 0);
  } else if (verb == "setxattr") {
    const std::string value = text(2);
    check(::lsetxattr(target.c_str(), item_->word(1).c_str(), value.data(), value.size(), 0) == 0);
  } else {
    check(::lremovexattr(target.c_str(), item_->word(1).c_str()) == 0);
  }
}

void Damage::perform() {
  static const std::set<std::string> kMakers = {"mkdir", "symlink", "hardlink", "fifo", "mknod"};
  static const std::set<std::string> kChangers = {"chmod", "chown", "setxattr", "rmxattr"};
  const std::string& verb = item_->kind;
  if (verb == "rm" && item_->word(0) == "-r") {
    std::error_code failure;
    check(std::filesystem::remove_all(path(1), failure) > 0);
    return keep_time(std::filesystem::path(path(1)).parent_path().string());
  }
  if (verb == "each-file") {
    if (const Result<void> done = spoil_every_file(root_, item_->word(0)); !done) {
      error_ = done.error().message();
    }
    return;
  }
  const std::string target = path(0);
  if (verb == "rm") {
    check(::unlink(target.c_str()) == 0);
  } else if (verb == "write") {
    write_bytes(target, text(1));
  } else if (verb == "append") {
    write_bytes(target, bytes_of(target) + text(1));
  } else if (verb == "fill") {
    write_bytes(target, std::string(number(1), item_->word(2)[0]));
  } else if (verb == "truncate") {
    check(::truncate(target.c_str(), static_cast<off_t>(number(1))) == 0);
  } else if (verb == "copy") {
    write_bytes(path(1), bytes_of(target));
    keep_time(path(1));
  } else if (verb == "mv") {
    check(::rename(target.c_str(), path(1).c_str()) == 0);
  } else if (verb == "zero") {
    zero(target);
  } else if (verb == "flip") {
    flip(target);
  } else if (verb == "mtime") {
    return keep_time(target, static_cast<int64_t>(number(1)));
  } else if (kMakers.count(verb) > 0) {
    make_node(verb);
  } else if (kChangers.count(verb) > 0) {
    change_node(verb);
  } else {
    error_ = "no such damage";
  }
  keep_time(target);
  keep_time(std::filesystem::path(target).parent_path().string());
}

}  // namespace

Result<void> apply_damage(const std::string& root, const std::vector<RecipeItem>& damage, const RecipeNames& names) {
  Damage worker(root, names);
  for (const RecipeItem& item : damage) {
    if (const Result<void> done = worker.apply(item); !done) {
      return done;
    }
  }
  return {};
}

}  // namespace dfsck
