// What a body throws reaches the caller, whichever thread it was on, and nobody waits for ever.
#include <gtest/gtest.h>

#include <atomic>
#include <new>
#include <stdexcept>

#include "core/base/shortage.h"
#include "core/run/parallel.h"
#include "core/run/shared_work.h"
#include "core/run/strand.h"

namespace dfsck {
namespace {

constexpr unsigned kJobs[] = {1, 2, 8};

TEST(Failures, OfALoopLeaveItWhenAllThreadsHaveEnded) {
  for (const unsigned jobs : kJobs) {
    const Cancel cancel;
    std::atomic<int> running{0};
    const auto loop = [&] {
      for_each_index(1000, jobs, cancel, [&](size_t i) {
        running.fetch_add(1);
        if (i == 10) {
          running.fetch_sub(1);
          throw std::runtime_error("ten");
        }
        running.fetch_sub(1);
      });
    };
    EXPECT_THROW(loop(), std::runtime_error) << jobs;
    EXPECT_EQ(running, 0);
  }
}

TEST(Failures, OfWorkThatWasGivenAwayEndNoThreadThatOthersWaitFor) {
  for (const unsigned jobs : kJobs) {
    const Cancel cancel;
    const auto loop = [&] {
      for_each_shared(20, jobs, cancel, [&](size_t, SharedWork& work) {
        SharedWork::Task task = [] { throw std::runtime_error("given away"); };
        if (!work.offer(task)) {
          task();
        }
      });
    };
    EXPECT_THROW(loop(), std::runtime_error) << jobs;
  }
}

TEST(Failures, OfAStepReachTheThreadThatPushedIt) {
  for (const unsigned jobs : kJobs) {
    const Cancel cancel;
    std::atomic<int> after{0};
    const auto loop = [&] {
      for_each_shared(1, jobs, cancel, [&](size_t, SharedWork& work) {
        Strand strand(&work, 4);
        strand.push(1, [] { throw std::runtime_error("step"); });
        for (int i = 0; i < 100; ++i) {
          strand.push(1, [&] { after.fetch_add(1); });
        }
        strand.finish();
      });
    };
    EXPECT_THROW(loop(), std::runtime_error) << jobs;
    EXPECT_EQ(after, 0) << "later steps build upon the one that failed";
  }
}

TEST(Failures, OfMemoryStopEveryLoop) {
  const Cancel cancel;
  const auto loop = [&] { for_each_index(8, 2, cancel, [](size_t) { throw std::bad_alloc(); }); };
  EXPECT_THROW(loop(), std::bad_alloc);
  EXPECT_TRUE(cancel.requested());
  ASSERT_TRUE(noted_shortage());
  EXPECT_EQ(noted_shortage()->message(), "get memory: Cannot allocate memory");
  forget_shortage();
  EXPECT_FALSE(cancel.requested());
}

}  // namespace
}  // namespace dfsck
