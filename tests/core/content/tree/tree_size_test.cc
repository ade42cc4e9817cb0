// The daemon's way of counting a layer's bytes.
#include "core/content/tree/tree_size.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

TEST(TreeSize, CountsEachInodeOnceAndLinksByTheirTarget) {
  const test::TempRoot root;
  root.write("diff/a/file", std::string(1000, 'x'));
  root.write("diff/b/other", "12345");
  root.make_symlink("diff/link", "a/file");
  ASSERT_EQ(::link((root.path() + "/diff/a/file").c_str(), (root.path() + "/diff/b/again").c_str()), 0);
  ASSERT_EQ(::mkfifo((root.path() + "/diff/pipe").c_str(), 0600), 0);
  const Result<uint64_t> size = tree_size(root.open(), "diff");
  ASSERT_TRUE(size) << size.error().message();
  EXPECT_EQ(*size, 1000U + 5U + 6U);
}

TEST(TreeSize, FollowsNoLinkAndReportsWhatIsNotThere) {
  const test::TempRoot root;
  root.write("elsewhere/file", "12345");
  root.make_symlink("diff", "elsewhere");
  EXPECT_FALSE(tree_size(root.open(), "diff"));
  EXPECT_FALSE(tree_size(root.open(), "absent"));
}

}  // namespace
}  // namespace dfsck
