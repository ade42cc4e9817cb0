// Maps of ids: both ways, in pieces, and what is no map.
#include "core/base/id_map.h"

#include <gtest/gtest.h>

namespace dfsck {
namespace {

TEST(IdMap, IsTheIdentityUnlessSaidOtherwise) {
  const IdMap map;
  EXPECT_TRUE(map.is_identity());
  EXPECT_EQ(map.to_host(0), 0U);
  EXPECT_EQ(map.to_host(4'000'000'000), 4'000'000'000U);
  EXPECT_EQ(map.to_host(uint64_t{1} << 32), std::nullopt);
}

TEST(IdMap, ShiftsBothWays) {
  const IdMap map = IdMap::shifted(100'000, 65'536);
  EXPECT_FALSE(map.is_identity());
  EXPECT_EQ(map.to_host(0), 100'000U);
  EXPECT_EQ(map.to_host(65'535), 165'535U);
  EXPECT_EQ(map.to_host(65'536), std::nullopt);
  EXPECT_EQ(map.to_container(100'033), 33U);
  EXPECT_EQ(map.to_container(99'999), std::nullopt);
  EXPECT_EQ(map.to_container(0), std::nullopt);
  EXPECT_EQ(map.text(), "shifted by 100000");
}

TEST(IdMap, ARootlessOneIsInPieces) {
  const auto map = IdMap::of({{1, 100'000, 65'536}, {0, 1000, 1}});
  ASSERT_TRUE(map);
  EXPECT_EQ(map->to_host(0), 1000U);
  EXPECT_EQ(map->to_host(1), 100'000U);
  EXPECT_EQ(map->to_container(1000), 0U);
  EXPECT_EQ(map->to_container(100'041), 42U);
  EXPECT_EQ(map->text(), "0 is 1000, 1 to 65536 are 100000 to 165535");
}

TEST(IdMap, PiecesThatContinueEachOtherAreOne) {
  EXPECT_EQ(IdMap::of({{0, 100'000, 10}, {10, 100'010, 5}}), IdMap::shifted(100'000, 15));
}

TEST(IdMap, TwoIdsAreNeverOneAndTheSame) {
  EXPECT_FALSE(IdMap::of({{0, 1000, 1}, {1, 500, 65'536}}));   // 1000 twice on disk
  EXPECT_FALSE(IdMap::of({{0, 1000, 10}, {5, 100'000, 10}}));  // 5 twice in containers
  EXPECT_FALSE(IdMap::of({{0, UINT32_MAX - 1, 10}}));
  EXPECT_FALSE(IdMap::of({}));
}

TEST(IdMap, AShiftEndsWithTheIdsThatThereAre) {
  const IdMap map = IdMap::shifted(UINT32_MAX - 10, 65'536);
  EXPECT_EQ(map.to_host(9), UINT32_MAX - 1);
  EXPECT_EQ(map.to_host(10), std::nullopt);
}

}  // namespace
}  // namespace dfsck
