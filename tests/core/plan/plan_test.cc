// The order and the merging of steps that findings ask for.
#include "core/plan/plan.h"

#include <gtest/gtest.h>

#include <chrono>

namespace dfsck {
namespace {

std::vector<std::string> steps_of(const Plan& plan) {
  std::vector<std::string> steps;
  for (const Step& step : plan.steps) {
    steps.push_back(describe(step.action));
  }
  return steps;
}

TEST(PlanBuilder, RenamesComeBehindWhatIsWrittenInside) {
  PlanBuilder builder;
  builder.add(0, 1, Rename{"a", "z"}, {});
  builder.add(1, 1, Rename{"a/sub", "a/moved"}, {});
  builder.add(2, 1, WriteFile{"a/sub/file", "", {}}, {});
  builder.add(3, 1, MakeHardLink{"a/sub/link", "b"}, {});
  builder.add(4, 1, WriteFile{"b", "", {}}, {});
  builder.add(5, 2, Quarantine{"0"}, {});
  const Plan plan = builder.finish();
  EXPECT_EQ(steps_of(plan), (std::vector<std::string>{"write a/sub/file: an empty file", "write b: an empty file",
                                                      "make a/sub/link a hard link to b", "rename a/sub to a/moved",
                                                      "rename a to z", "move 0 into quarantine"}));
}

TEST(PlanBuilder, EqualStepsAreOneAndDifferentOnesConflict) {
  PlanBuilder builder;
  const std::string head(100, 'x');  // more than a description shows
  builder.add(0, 1, WriteFile{"same", head + "1", {}}, {});
  builder.add(1, 1, WriteFile{"same", head + "1", {}}, {});
  builder.add(2, 1, WriteFile{"different", head + "1", {}}, {});
  builder.add(3, 1, WriteFile{"different", head + "2", {}}, {});
  builder.add(4, 1, SetXattr{"x", "user.a", "1"}, {});
  builder.add(5, 1, SetXattr{"x", "user.b", "2"}, {});
  const Plan plan = builder.finish();
  ASSERT_EQ(plan.steps.size(), 3U);
  EXPECT_EQ(plan.steps[0].findings, (std::vector<size_t>{0, 1}));
  ASSERT_EQ(plan.conflicts.size(), 1U);
  EXPECT_EQ(plan.conflicts[0].path, RelPath("different"));
}

TEST(PlanBuilder, CostsGrowWithTheNumberOfSteps) {
  const auto seconds_for = [](size_t count) {
    PlanBuilder builder;
    for (size_t i = 0; i < count; ++i) {
      const RelPath path =
          *RelPath::parse("image/overlay2/layerdb/sha256/" + std::to_string(i * 7919 % count) + "/diff");
      builder.add(i, 1, WriteFile{path, std::string(2000, 'x'), {}}, {});
      builder.add(i, 1, SetOwnership{path, {}}, {});
    }
    const auto start = std::chrono::steady_clock::now();
    EXPECT_EQ(builder.finish().steps.size(), 2 * count);
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  seconds_for(1000);
  EXPECT_LT(seconds_for(20'000), 40 * seconds_for(2'000) + 0.05);
}

}  // namespace
}  // namespace dfsck
