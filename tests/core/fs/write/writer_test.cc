// Primitive changes: what they refuse, what they leave alone.
#include "core/fs/write/writer.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "core/fs/write/mutation.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

using test::TempRoot;
namespace fs = std::filesystem;

Dir top_of(const TempRoot& temp) { return *temp.open().open_dir(RelPath()); }

TEST(Writer, NewObjectsNeverReplaceAnything) {
  const TempRoot temp;
  temp.write("taken", "precious");
  const Dir top = top_of(temp);
  EXPECT_TRUE(make_directory(top, "taken", 0700).error().is_io(EEXIST));
  EXPECT_TRUE(make_file(top, "taken", "x").error().is_io(EEXIST));
  EXPECT_TRUE(make_symlink(top, "taken", "x").error().is_io(EEXIST));
  EXPECT_TRUE(make_node(top, "taken", S_IFIFO, 0, 0).error().is_io(EEXIST));
  EXPECT_TRUE(make_hard_link(top, "taken", top, "taken").error().is_io(EEXIST));
  ASSERT_TRUE(make_file(top, "new", "bytes"));
  EXPECT_TRUE(move(top, "new", top, "taken").error().is_io(EEXIST));
  EXPECT_EQ(*temp.open().read_small("taken", 100), "precious");
}

TEST(Writer, ExchangeSwapsAnyTwoTypes) {
  const TempRoot temp;
  temp.make_dir("dir/inside");
  temp.make_symlink("link", "nowhere");
  const Dir top = top_of(temp);
  ASSERT_TRUE(exchange(top, "dir", top, "link"));
  EXPECT_TRUE(fs::is_symlink(temp.path() + "/dir"));
  EXPECT_TRUE(fs::is_directory(temp.path() + "/link/inside"));
  EXPECT_TRUE(exchange(top, "dir", top, "missing").error().is_io(ENOENT));
}

TEST(Writer, AttributesAreTheLinksOwn) {
  const TempRoot temp;
  temp.write("file", "x");
  temp.set_mtime("file", 1'000'000);
  temp.make_symlink("link", "file");
  const Dir top = top_of(temp);
  ASSERT_TRUE(set_mtime(top, "link", {5, 6}));
  EXPECT_EQ(top.stat("link")->mtime, (FileTime{5, 6}));
  EXPECT_EQ(top.stat("file")->mtime, (FileTime{1'000'000, 0}));
  const uint32_t mode = top.stat("file")->mode;
  ASSERT_TRUE(set_owner_mode(top, "link", {::geteuid(), ::getegid(), 0}));
  EXPECT_EQ(top.stat("file")->mode, mode);
}

TEST(Writer, RemovingAnAttributeThatIsNotThereIsDone) {
  const TempRoot temp;
  temp.write("file", "x");
  const Dir top = top_of(temp);
  ASSERT_TRUE(set_attribute(top, "file", "user.a", std::string("b\0c", 3)));
  EXPECT_EQ((*top.xattrs("file"))["user.a"], std::string("b\0c", 3));
  ASSERT_TRUE(set_attribute(top, "file", "user.a", std::nullopt));
  EXPECT_TRUE(set_attribute(top, "file", "user.a", std::nullopt));
  EXPECT_EQ(top.xattrs("file")->count("user.a"), 0U);
}

TEST(Writer, ChangingTheOwnerKeepsModeBitsAndCapabilities) {
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root gives files away";
  }
  const TempRoot temp;
  temp.write("file", "x");
  const std::string capability("\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20);
  const Dir top = top_of(temp);
  ASSERT_TRUE(set_attribute(top, "file", "security.capability", capability));
  ASSERT_TRUE(set_owner_mode(top, "file", {12, 34, 06755}));
  const FileStat stat = *top.stat("file");
  EXPECT_EQ(stat.uid, 12U);
  EXPECT_EQ(stat.gid, 34U);
  EXPECT_EQ(stat.mode & 07777U, 06755U);
  EXPECT_EQ((*top.xattrs("file"))["security.capability"], capability);
}

class FailFirst : public MutationHook {
 public:
  FailFirst() { set_mutation_hook(this); }
  ~FailFirst() override { set_mutation_hook(nullptr); }
  int before(std::string_view) override { return ++calls_ == 2 ? EIO : 0; }
  void after(std::string_view) override {}

 private:
  int calls_ = 0;
};

TEST(Writer, RemovesDeepTreesAlsoInTwoGoes) {
  const TempRoot temp;
  std::string path = "tree";
  for (int i = 0; i < 300; ++i) {  // deeper than descriptors would last at one for each level
    path += "/d";
    temp.write(path + "/file", std::string(100, 'x'));
  }
  temp.write("outside", "stays");
  temp.make_symlink("tree/link", "../outside");
  fs::create_hard_link(temp.path() + "/outside", temp.path() + "/tree/hard");
  const Dir top = top_of(temp);
  uint64_t bytes = 0;
  {
    const FailFirst hook;
    EXPECT_TRUE(remove_tree(top, "tree", bytes).error().is_io(EIO));
  }
  ASSERT_TRUE(remove_tree(top, "tree", bytes));
  EXPECT_FALSE(fs::exists(temp.path() + "/tree"));
  EXPECT_EQ(*temp.open().read_small("outside", 100), "stays");
  EXPECT_GT(bytes, 300U * 100U);
}

}  // namespace
}  // namespace dfsck
