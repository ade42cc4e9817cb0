// Plain threads, of which there may be fewer than were asked for.
//
// A pool of a library would start them once for all loops, but what such pools do where a thread cannot be had is to
// throw from within, or to end the process; loops here are few and long.
#include "core/run/workers.h"

#include <system_error>
#include <thread>
#include <vector>

#include "core/run/first_failure.h"

namespace dfsck {

void run_workers(unsigned workers, const std::function<void()>& work) {
  FirstFailure failure;
  const auto guarded = [&] { failure.run(work); };
  {
    std::vector<std::jthread> threads;
    threads.reserve(workers);
    failure.run([&] {
      try {
        while (threads.size() + 1 < workers) {
          threads.emplace_back(guarded);
        }
      } catch (const std::system_error&) {
        // No more threads to be had: those that run, and this one, do all the work.
      }
    });
    guarded();
  }
  failure.rethrow();
}

}  // namespace dfsck
