// What could not be read, by its path in the root.
#include <gtest/gtest.h>

#include <cerrno>
#include <vector>

#include "core/base/unread.h"
#include "core/fs/root_unread.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

using test::TempRoot;

TEST(RootUnread, HasWhatLiesInTheRootAndBehindItsLinksOnce) {
  const TempRoot elsewhere;
  elsewhere.make_dir("disk/db");
  const TempRoot temp;
  temp.make_symlink("volumes", elsewhere.path() + "/disk");
  const Root root = temp.open();
  note_unread({root.path() + "/image", "open", EACCES});
  const size_t from = unread_so_far();
  note_unread({elsewhere.path() + "/disk/db", "open", EACCES});
  note_unread({root.path() + "/swarm/x", "read", EIO});
  note_unread({root.path() + "/swarm/x", "open", EIO});
  note_unread({elsewhere.path() + "/other", "open", EACCES});
  note_unread({root.path() + "-of-another/swarm", "open", EACCES});
  const std::vector<RootUnread> found = unread_in(root, from);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].path, RelPath("swarm/x"));
  EXPECT_EQ(found[0].code, EIO);
  EXPECT_EQ(found[1].path, RelPath("volumes/db"));
  EXPECT_EQ(found[1].op, "open");
  EXPECT_EQ(found[1].code, EACCES);
}

}  // namespace
}  // namespace dfsck
