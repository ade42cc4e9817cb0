// The tree lies as a root of Docker's does, as far as that matters: databases, links, a container, layers' directories.
#include "tests/support/repair_tree.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "core/codec/digest.h"
#include "core/plan/expect.h"
#include "tests/support/snapshot.h"

namespace dfsck::test {
namespace {

namespace fs = std::filesystem;

bool is_root() { return ::geteuid() == 0; }
uint32_t uid_or_own(uint32_t uid) { return is_root() ? uid : ::geteuid(); }
uint32_t gid_or_own(uint32_t gid) { return is_root() ? gid : ::getegid(); }
Ownership owner(uint32_t uid, uint32_t gid, uint32_t mode) { return {uid_or_own(uid), gid_or_own(gid), mode}; }

// The word behind `key` in a line of take_snapshot, which begins at `at`.
std::string cut_word(std::string& text, const std::string& key) {
  const size_t at = text.find(" " + key + " ");
  if (at == std::string::npos) {
    return "";
  }
  const size_t start = at + key.size() + 2;
  const size_t end = std::min(text.find(' ', start), text.size());
  const std::string word = text.substr(start, end - start);
  text.erase(at, end - at);
  return word;
}

// Objects that the plans make and give no time.
const std::set<std::string> kNewWithoutTime{"volumes/metadata.db", "a/new",  "a/link-to-new", "d/f",    "d/whiteout",
                                            "l/REPLACED",          "l/NEW",  "w/fifo",        "fd",     "fd/inside",
                                            "c2/config.v2.json",   "second", "second/file",   "q2/new", "locked/x"};

void set_xattr(const std::string& path, const char* name, const std::string& value) {
  if (::lsetxattr(path.c_str(), name, value.data(), value.size(), 0) != 0) {
    std::perror(name);
    std::abort();
  }
}

// VFS_CAP_REVISION_2 with one bit.
std::string capability() {
  return std::string("\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20);
}

class PlanMaker {
 public:
  explicit PlanMaker(const Root& root) : root_(root) {}

  template <typename A>
  void add(A action) {
    const RelPath path = action_path(action);
    plan.steps.push_back({std::move(action), expect_now(root_, path), {plan.steps.size() % 2}});
  }

  Plan plan;

 private:
  const Root& root_;
};

}  // namespace

Picture picture_of(const std::string& root, PictureKind kind) {
  const Result<Snapshot> snapshot = take_snapshot(root);
  EXPECT_TRUE(snapshot) << snapshot.error().message();
  Picture picture;
  std::map<std::string, std::string> first_name;
  for (const auto& [path, line] : *snapshot) {
    if (path.starts_with(".docker-fsck")) {
      continue;
    }
    std::string text = line;
    const std::string inode = cut_word(text, "inode");
    cut_word(text, "changed");
    if (kind == PictureKind::Shape && kNewWithoutTime.contains(path)) {
      cut_word(text, "modified");
    }
    struct ::stat info {};
    const bool is_dir = ::lstat((root + "/" + path).c_str(), &info) == 0 && S_ISDIR(info.st_mode);
    if (is_dir) {
      cut_word(text, "size");  // the filesystem's own affair
    }
    if (is_dir || kind == PictureKind::Shape) {
      cut_word(text, "links");  // of the root it counts .docker-fsck; a repair's own names of files count until purged
    }
    const std::string group = first_name.emplace(inode, path).first->second;
    picture[path] = (kind == PictureKind::Exact ? "inode " + inode : "same as " + group) + " " + text;
  }
  return picture;
}

std::set<uint64_t> all_inodes(const std::string& root) {
  std::set<uint64_t> inodes;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root)) {
    struct ::stat info {};
    if (::lstat(entry.path().c_str(), &info) == 0) {
      inodes.insert(info.st_ino);
    }
  }
  return inodes;
}

void build_repair_tree(const TempRoot& temp) {
  const std::string root = temp.path() + "/";
  temp.write("volumes/metadata.db", "old database");
  temp.write("a/orig", "the same bytes");
  temp.write("a/copy", "the same bytes");
  temp.write("a/pair1", "two names");
  fs::create_hard_link(root + "a/pair1", root + "a/pair2");
  temp.make_symlink("l/REPLACED", "../wrong/diff");
  temp.make_symlink("l/owned", "../x/diff");
  temp.write("w/fifo", "a file in the place of a FIFO");
  temp.write("x/cap", "binary");
  temp.write("x/attributes", "has attributes");
  temp.write("x/time", "has a time");
  temp.write("c1/hostconfig.json", "{}");
  temp.write("c1/config.v2.json", "torn");
  temp.write("garbage/deep/er/file", "nobody needs it");
  temp.make_symlink("garbage/link", "/etc");
  temp.write("fd", "a file in the place of a directory");
  temp.write("q/inner", "mended, then moved away with its directory");
  temp.write("q/other", "just there");
  temp.make_dir("b/empty");
  temp.write("b/file", "b");
  ::chmod((root + "x/cap").c_str(), 04755);
  ::chmod((root + "b").c_str(), 0710);
  set_xattr(root + "x/attributes", "user.gone", "soon");
  set_xattr(root + "x/attributes", "user.changed", std::string("before\0\xff", 8));
  set_xattr(root + "a/orig", "user.kept", "yes");
  if (is_root()) {
    set_xattr(root + "x/cap", "security.capability", capability());
    set_xattr(root + "volumes/metadata.db", "trusted.test", "on the old one");
    EXPECT_EQ(::lchown((root + "garbage/link").c_str(), 12, 34), 0);
    EXPECT_EQ(::mknod((root + "garbage/device").c_str(), S_IFCHR | 0640, makedev(1, 3)), 0);
  }
  int64_t time = 1'600'000'000;
  std::vector<std::string> paths{temp.path()};
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(temp.path())) {
    paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) {
    const timespec times[2] = {{time, 0}, {time, 123'456'789}};
    EXPECT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW), 0);
    time += 1000;
  }
}

Plan first_plan(const Root& root) {
  PlanMaker make(root);
  make.add(WriteFile{"volumes/metadata.db", std::string("new\0database", 12), owner(0, 0, 0600)});
  make.add(WriteFile{"a/new", "new bytes", owner(5, 6, 0640)});
  make.add(SetXattr{"a/new", "user.on-new", "value"});
  make.add(MakeDir{"d", owner(7, 8, 0751)});
  make.add(SetMtime{"d", 1'500'000'000, 5});
  make.add(WriteFile{"d/f", "", owner(0, 0, 0644)});
  make.add(MakeNode{"d/whiteout", is_root() ? uint32_t{S_IFCHR} : uint32_t{S_IFIFO}, 0, 0, owner(0, 0, 0600)});
  make.add(SetXattr{"d", "user.opaque", "y"});
  make.add(WriteSymlink{"l/REPLACED", "../right/diff"});
  make.add(WriteSymlink{"l/NEW", "../new/diff"});
  make.add(SetOwnership{"l/owned", owner(9, 10, 0777)});
  make.add(MakeNode{"w/fifo", S_IFIFO, 0, 0, owner(1, 2, 0622)});
  make.add(SetOwnership{"x/cap", owner(3, 4, 02711)});
  make.add(SetXattr{"x/attributes", "user.gone", std::nullopt});
  make.add(SetXattr{"x/attributes", "user.changed", "after"});
  make.add(SetMtime{"x/time", 1'400'000'000, 999'999'999});
  make.add(SetMtime{"l/owned", 1'300'000'000, 1});
  make.add(MakeHardLink{"a/copy", "a/orig"});
  make.add(MakeHardLink{"a/link-to-new", "a/new"});
  make.add(MakeHardLink{"a/pair1", "a/pair2"});
  make.add(WriteFile{"c1/config.v2.json", "{}", owner(0, 0, 0600)});
  make.add(Rename{"c1", "c2"});
  make.add(Quarantine{"garbage"});
  make.add(MakeDir{"fd", owner(0, 0, 0700)});
  make.add(WriteFile{"fd/inside", "x", owner(0, 0, 0600)});
  make.add(WriteFile{"q/inner", "mended", owner(0, 0, 0600)});
  make.add(Quarantine{"q"});
  make.add(Quarantine{"b/file"});
  make.add(SetMtime{"b", 1'200'000'000, 7});
  make.add(SetOwnership{"a/pair1", owner(20, 21, 0600)});
  make.add(SetOwnership{"a/pair2", owner(22, 23, 0666)});
  return std::move(make.plan);
}

Plan second_plan(const Root& root) {
  PlanMaker make(root);
  make.add(MakeDir{"second", owner(0, 0, 0755)});
  make.add(WriteFile{"second/file", "of the second plan", owner(0, 0, 0644)});
  make.add(Rename{"c2/hostconfig.json", "second/hostconfig.json"});
  make.add(WriteFile{"volumes/metadata.db", "newer database", owner(0, 0, 0600)});
  make.add(Quarantine{"d"});
  make.add(MakeDir{"b", owner(0, 0, 0777)});
  return std::move(make.plan);
}

std::vector<Reason> plan_reasons() {
  return {{"DF0001", "first-kind", "layer sha256:00", "safe"}, {"DF0002", "second-kind", "image x", "lossy"}};
}

void use_fast_temporary_directory() {
  struct ::statfs info {};
  constexpr auto kTmpfs = 0x01021994;
  if (::statfs("/dev/shm", &info) == 0 && info.f_type == kTmpfs && ::access("/dev/shm", W_OK) == 0) {
    ::setenv("TMPDIR", "/dev/shm", 1);
  }
}

int CallCounter::before(std::string_view call) {
  ++calls_;
  if (act_ == Act::DieBefore && calls_ == at_) {
    ::_exit(kDied);
  }
  if ((act_ == Act::FailOnce && calls_ == at_) || (act_ == Act::FailFromThere && calls_ >= at_)) {
    struck_ = struck_.empty() ? std::string(call) : struck_;
    return code_;
  }
  return 0;
}

void CallCounter::after(std::string_view) {
  if (act_ == Act::DieAfter && calls_ == at_) {
    ::_exit(kDied);
  }
}

}  // namespace dfsck::test
