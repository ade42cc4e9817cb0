// Times: what Go would parse and what it would not.
#include "core/model/rfc3339.h"

#include <gtest/gtest.h>

namespace dfsck {
namespace {

TEST(Rfc3339, TakesWhatGoWrites) {
  for (const char* text : {"2026-11-23T19:57:07.085374397Z", "0001-01-01T00:00:00Z", "2024-02-29T23:59:59+05:30"}) {
    EXPECT_TRUE(is_rfc3339(text)) << text;
  }
}

TEST(Rfc3339, RefusesWhatGoRefuses) {
  for (const char* text :
       {"", "2026-11-23", "2026-13-01T00:00:00Z", "2025-02-29T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T19:57:07",
        "2026-11-23T19:57:07.Z", "2026-11-23 19:57:07Z", "2026-11-23T19:57:07Z ", "2026-11-23T19:57:07+5:30"}) {
    EXPECT_FALSE(is_rfc3339(text)) << text;
  }
}

}  // namespace
}  // namespace dfsck
