// Roots of daemons in user namespaces, looked at from inside one, as in an unprivileged container, and repaired from
// the host.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/codec/posix_acl.h"
#include "tests/support/case_files.h"
#include "tests/support/lasting_snapshot.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

namespace fs = std::filesystem;

using test::lasting_snapshot;
using test::OwnDirectory;
using test::TempRoot;

constexpr int kNoNamespace = 99;
constexpr uint32_t kFirst = 700'000;  // as in the case good/shifted
const std::string kMap = "0 " + std::to_string(kFirst) + " 65536";

std::string program_in_namespace() {
  if (const char* given = std::getenv("DOCKER_FSCK"); given != nullptr) {
    return given;
  }
  return (fs::read_symlink("/proc/self/exe").parent_path() / "docker-fsck").string();
}

// Waits for a byte, so that the other side is known to be ready.
void wait_on(int fd) {
  char byte = 0;
  static_cast<void>(::read(fd, &byte, 1) == 1);
}

struct NamespaceRun {
  int exit_code = 0;
  std::string out;
};

class UserNamespace : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "needs root: owners, devices and namespaces";
    }
  }

  void build(const std::string& file) const {
    ASSERT_EQ(::chmod(scratch_.path().c_str(), 0755), 0);
    const Result<RecipeNames> names = test::build_case(file, root());
    ASSERT_TRUE(names) << names.error().message();
  }

  std::string root() const { return scratch_.path() + "/root"; }
  std::string layer(const std::string& inside) const {
    return root() + "/overlay2/" + std::string(64, '1') + "/diff/" + inside;
  }

  // Whom the access list of a file names.
  static std::vector<uint32_t> named_users(const std::string& file) {
    std::array<char, 256> value{};
    const ssize_t size = ::lgetxattr(file.c_str(), "system.posix_acl_access", value.data(), value.size());
    const auto acl = parse_posix_acl({value.data(), static_cast<size_t>(std::max<ssize_t>(size, 0))});
    std::vector<uint32_t> users;
    for (const PosixAcl::Entry& entry : acl.value_or(PosixAcl{}).entries) {
      if (entry.is_user()) {
        users.push_back(entry.id);
      }
    }
    return users;
  }

  // Runs docker-fsck as the root of a user namespace with these ids, or as the one of this machine.
  NamespaceRun run(std::vector<std::string> words, bool inside, const std::string& map = kMap) const {
    const std::string out = scratch_.path() + "/out";
    const int to = ::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    std::array<int, 2> ready{}, mapped{};
    EXPECT_EQ(::pipe2(ready.data(), O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(mapped.data(), O_CLOEXEC), 0);
    words.insert(words.begin(), program_in_namespace());
    std::vector<char*> raw;
    for (std::string& word : words) {
      raw.push_back(word.data());
    }
    raw.push_back(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
      const bool moved = !inside ? !bounded_ || ::prctl(PR_CAPBSET_DROP, CAP_SYS_ADMIN, 0, 0, 0) == 0
                                 : (::unshare(CLONE_NEWUSER) == 0 && ::write(ready[1], ".", 1) == 1);
      if (inside && moved) {
        wait_on(mapped[0]);
      }
      if (!moved || (inside && (::setresgid(0, 0, 0) != 0 || ::setresuid(0, 0, 0) != 0))) {
        ::_exit(kNoNamespace);
      }
      ::dup2(to, STDOUT_FILENO);
      ::dup2(to, STDERR_FILENO);
      ::execv(raw[0], raw.data());
      ::_exit(kNoNamespace);
    }
    ::close(ready[1]);
    if (inside) {
      wait_on(ready[0]);
      for (const char* name : {"uid_map", "gid_map"}) {
        std::ofstream("/proc/" + std::to_string(child) + "/" + name) << map << "\n";
      }
    }
    EXPECT_EQ(::write(mapped[1], ".", 1), 1);
    int status = 0;
    ::waitpid(child, &status, 0);
    for (const int fd : {to, ready[0], mapped[0], mapped[1]}) {
      ::close(fd);
    }
    std::ifstream file(out, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text.str()};
  }

  // A repair leaves a directory of its own, which counts as a link of the root.
  Snapshot all_but_ours() const {
    Snapshot snapshot = lasting_snapshot(root(), OwnDirectory::OmittedEntry);
    snapshot.erase(".");
    return snapshot;
  }

  static size_t count(const std::string& text, const std::string& word) {
    size_t found = 0;
    for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
      ++found;
    }
    return found;
  }

  TempRoot scratch_;
  bool bounded_ = false;  // outside, the program lacks CAP_SYS_ADMIN
};

TEST_F(UserNamespace, AHealthyRootIsCleanFromBothSides) {
  for (const char* file : {"good/shifted.case", "good/namespace-whiteouts.case"}) {
    build(file);
    const Snapshot before = all_but_ours();
    const NamespaceRun inside = run({"-y", root()}, true);
    if (inside.exit_code == kNoNamespace) {
      GTEST_SKIP() << "no user namespaces here";
    }
    EXPECT_EQ(inside.exit_code, 0) << inside.out;
    EXPECT_NE(inside.out.find("found: no errors, no warnings"), std::string::npos) << inside.out;
    const NamespaceRun outside = run({"-y", root()}, false);
    EXPECT_EQ(outside.exit_code, 0) << outside.out;
    EXPECT_NE(outside.out.find("owners are shifted by 700000"), std::string::npos) << outside.out;
    EXPECT_EQ(difference(before, all_but_ours()), "");
    fs::remove_all(root());
  }
}

TEST_F(UserNamespace, AStrangersDirectoryIsNamedInsideAndMendedOutside) {
  build("content/owner-mode-wrong-stranger.case");
  const NamespaceRun inside = run({"-n", root()}, true);
  if (inside.exit_code == kNoNamespace) {
    GTEST_SKIP() << "no user namespaces here";
  }
  EXPECT_EQ(inside.exit_code, 4) << inside.out;
  EXPECT_EQ(count(inside.out, "\nDF"), 1U) << inside.out;
  EXPECT_NE(inside.out.find("DF0945 error owner-outside-namespace"), std::string::npos) << inside.out;
  EXPECT_EQ(inside.out.find("disk"), std::string::npos) << inside.out;
  EXPECT_EQ(inside.out.find("as root"), std::string::npos) << inside.out;

  const Snapshot before = all_but_ours();
  EXPECT_EQ(run({"-p", root()}, false).exit_code, 1);
  struct ::stat stat {};
  ASSERT_EQ(::lstat(layer("etc").c_str(), &stat), 0);
  EXPECT_EQ(stat.st_uid, kFirst);
  EXPECT_EQ(stat.st_gid, kFirst);
  EXPECT_EQ(stat.st_mode & 07777, 0755U);

  const NamespaceRun after = run({"-n", root()}, true);
  EXPECT_EQ(after.exit_code, 0) << after.out;
  EXPECT_NE(after.out.find("DF0948 own-runs-hidden"), std::string::npos) << after.out;
  const NamespaceRun again = run({"-p", root()}, true);
  EXPECT_EQ(again.exit_code, 0) << again.out;
  ASSERT_EQ(::chmod(layer("etc/shadow").c_str(), 0666), 0);
  const NamespaceRun refused = run({"-p", root()}, true);
  EXPECT_EQ(refused.exit_code, 12) << refused.out;
  EXPECT_NE(refused.out.find("whoever repaired this root before"), std::string::npos) << refused.out;
  ASSERT_EQ(::chmod(layer("etc/shadow").c_str(), 0640), 0);
  EXPECT_EQ(run({"undo", "--yes", root()}, false).exit_code, 0);
  EXPECT_EQ(difference(before, all_but_ours()), "");
}

TEST_F(UserNamespace, DamageIsMendedInsideWithTheIdsOfTheNamespace) {
  build("good/shifted.case");
  ASSERT_EQ(::chmod(layer("bin/busybox").c_str(), 0755), 0);
  ASSERT_EQ(::lchown(layer("etc/shadow").c_str(), kFirst, kFirst), 0);
  const NamespaceRun inside = run({"-p", root()}, true);
  if (inside.exit_code == kNoNamespace) {
    GTEST_SKIP() << "no user namespaces here";
  }
  EXPECT_EQ(inside.exit_code, 1) << inside.out;
  struct ::stat stat {};
  ASSERT_EQ(::lstat(layer("etc/shadow").c_str(), &stat), 0);
  EXPECT_EQ(stat.st_gid, kFirst + 42);
  EXPECT_EQ(run({"-n", root()}, false).exit_code, 0);
}

TEST_F(UserNamespace, ALostAccessListComesBackForTheIdsOfTheNamespace) {
  build("content/xattr-wrong-acl-namespace.case");
  const Snapshot before = all_but_ours();
  const NamespaceRun mended = run({"-p", root()}, false);
  EXPECT_EQ(mended.exit_code, 1) << mended.out;
  for (const char* file : {"srv/data", "srv/unshifted"}) {
    EXPECT_EQ(named_users(layer(file)), std::vector<uint32_t>{kFirst + 1000}) << file;
  }
  EXPECT_EQ(run({"-n", root()}, false).exit_code, 0);
  if (const NamespaceRun inside = run({"-n", root()}, true); inside.exit_code != kNoNamespace) {
    EXPECT_EQ(count(inside.out, "DF0910"), 0U) << inside.out;
  }
  EXPECT_EQ(run({"undo", "--yes", root()}, false).exit_code, 0);
  EXPECT_EQ(difference(before, all_but_ours()), "");
}

// The root of the host's own daemon, seen by a root that has all ids, and by one that has some of them, and neither
// trusted attributes.
TEST_F(UserNamespace, MarksThatANamespaceIsNotShownAreNotCalledLost) {
  for (const char* map : {"0 0 4294967295", "0 0 65536"}) {
    build("good/plain.case");
    const Snapshot before = all_but_ours();
    const NamespaceRun inside = run({"-p", root()}, true, map);
    if (inside.exit_code == kNoNamespace) {
      GTEST_SKIP() << "no user namespaces here";
    }
    EXPECT_EQ(count(inside.out, "DF0914"), 0U) << map << "\n" << inside.out;
    EXPECT_EQ(count(inside.out, "\nDF0141"), 1U) << map << "\n" << inside.out;
    EXPECT_NE(inside.out.find("this user namespace cannot see trusted attributes"), std::string::npos) << inside.out;
    EXPECT_NE(inside.out.find("where it is seen as it is: on the host."), std::string::npos) << inside.out;
    EXPECT_NE(inside.exit_code & 8, 0) << inside.out;
    EXPECT_EQ(difference(before, all_but_ours()), "") << map;
    EXPECT_EQ(run({"-n", root()}, false).exit_code, 0);
    fs::remove_all(root());
  }
}

TEST_F(UserNamespace, MarksThatTakeAPrivilegeAreNotCalledLostWithoutIt) {
  build("good/plain.case");
  bounded_ = true;
  const NamespaceRun without = run({"-n", root()}, false);
  EXPECT_EQ(count(without.out, "DF0914"), 0U) << without.out;
  EXPECT_EQ(count(without.out, "\nDF0141"), 1U) << without.out;
  EXPECT_NE(without.out.find("without CAP_SYS_ADMIN trusted attributes cannot be seen"), std::string::npos)
      << without.out;
  fs::remove_all(root());
  build("good/shifted.case");
  const NamespaceRun shifted = run({"-n", root()}, false);
  EXPECT_EQ(shifted.exit_code, 0) << "the marks of this root are for all to see: " << shifted.out;
}

// What a step of a build has renamed may lie in a layer below, and only a mark that not all may see says so.
TEST_F(UserNamespace, PartsOfABuildStepThatLieBelowAreNotCalledMissing) {
  build("good/buildcache.case");
  std::string moved;
  for (const fs::directory_entry& dir : fs::directory_iterator(root() + "/overlay2")) {
    if (const std::string opt = dir.path().string() + "/diff/opt"; fs::exists(opt + "/built")) {
      moved = opt;
    }
  }
  ASSERT_NE(moved, "");
  ASSERT_EQ(::lsetxattr(moved.c_str(), "trusted.overlay.redirect", "/old", 4, 0), 0);
  fs::remove(moved + "/built");
  const NamespaceRun all = run({"-n", root()}, false);
  EXPECT_EQ(all.exit_code, 0) << all.out;
  EXPECT_EQ(count(all.out, "DF0919"), 1U) << all.out;
  bounded_ = true;
  const NamespaceRun without = run({"-y", root()}, false);
  EXPECT_EQ(without.exit_code, 8) << without.out;
  EXPECT_NE(without.out.find("found: 0 errors, 1 warning"), std::string::npos) << without.out;
  EXPECT_EQ(count(without.out, "\nDF0141"), 1U) << without.out;
  EXPECT_NE(without.out.find("redirect_dir, metacopy"), std::string::npos) << without.out;
  // At the top there is no directory that could have been renamed.
  fs::remove_all(moved);
  const NamespaceRun lost = run({"-n", root()}, false);
  EXPECT_EQ(lost.exit_code & 4, 4) << lost.out;
}

}  // namespace
}  // namespace dfsck
