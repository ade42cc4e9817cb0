// Steps in their order, whoever runs them.
#include "core/run/strand.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace dfsck {
namespace {

std::vector<int> up_to(int count) {
  std::vector<int> numbers;
  for (int i = 0; i < count; ++i) {
    numbers.push_back(i);
  }
  return numbers;
}

// Runs `body` as one of `strands` bodies, with so many threads.
void with_helpers(size_t strands, unsigned jobs, const std::function<void(size_t, SharedWork&)>& body) {
  const Cancel cancel;
  for_each_shared(strands, jobs, cancel, body);
}

TEST(Strand, WithoutHelpersAStepRunsBeforePushReturns) {
  Strand strand(nullptr, 10);
  for (int i = 0; i < 100; ++i) {
    bool ran = false;
    strand.push(1, [&] { ran = true; });
    EXPECT_TRUE(ran);
  }
}

TEST(Strand, StepsOfManyStrandsRunEachInOrderAndNeverTwoAtOnce) {
  for (const unsigned jobs : {1U, 2U, 8U}) {
    std::vector<std::vector<int>> seen(6);
    with_helpers(seen.size(), jobs, [&](size_t n, SharedWork& work) {
      std::atomic<int> running{0};
      Strand strand(&work, 16);
      for (int i = 0; i < 3000; ++i) {
        strand.push(static_cast<uint64_t>(i % 5), [&, n, i] {
          EXPECT_EQ(running.fetch_add(1), 0);
          seen[n].push_back(i);
          running.fetch_sub(1);
        });
      }
      strand.finish();
      EXPECT_EQ(seen[n].size(), 3000U);
    });
    for (const std::vector<int>& steps : seen) {
      EXPECT_EQ(steps, up_to(3000)) << jobs;
    }
  }
}

TEST(Strand, WhatWaitsIsBounded) {
  constexpr uint64_t kMost = 8;
  std::atomic<uint64_t> waiting{0};
  std::atomic<uint64_t> most{0};
  with_helpers(1, 4, [&](size_t, SharedWork& work) {
    Strand strand(&work, kMost);
    for (int i = 0; i < 500; ++i) {
      const uint64_t now = waiting.fetch_add(1) + 1;
      most = std::max<uint64_t>(most, now);
      strand.push(1, [&] {
        std::this_thread::sleep_for(std::chrono::microseconds(20));
        waiting.fetch_sub(1);
      });
    }
  });
  EXPECT_LE(most, kMost + 1);
  EXPECT_EQ(waiting, 0U) << "destroying it runs what waits";
}

TEST(Strand, AnIdleThreadTakesStepsOver) {
  std::atomic<bool> by_another{false};
  with_helpers(1, 2, [&](size_t, SharedWork& work) {
    const std::thread::id self = std::this_thread::get_id();
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    Strand strand(&work, 1000);
    while (!by_another && std::chrono::steady_clock::now() < until) {
      strand.push(1, [&, self] { by_another = by_another || std::this_thread::get_id() != self; });
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  EXPECT_TRUE(by_another);
}

}  // namespace
}  // namespace dfsck
