// Archives as streams. One layer at a time goes out; the next ones are put together meanwhile and wait in memory, each
// up to a bound, until it is their turn.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "core/base/try.h"
#include "core/run/parallel.h"
#include "core/save/parts.h"

namespace dfsck {
namespace {

constexpr size_t kMaxWaiting = 64U << 20;  // bytes of all layers together
constexpr size_t kPiece = 1U << 20;        // that go out at once

// Lets the layers write in their order. Whoever puts a layer together takes layers in ascending order, so that the one
// whose turn it is never waits for another.
class Turns {
 public:
  Turns(const SaveJob& job, LayerResults& results) : job_(job), results_(results) {}

  bool is_turn(size_t n) {
    const std::lock_guard lock(mutex_);
    return turn_ == n;
  }
  // False where everything ends early.
  bool wait_for(size_t n) {
    constexpr std::chrono::milliseconds kLook(50);  // at what no one can notify us of
    std::unique_lock lock(mutex_);
    while (turn_ != n) {
      if (results_.stopped() || job_.cancel.requested()) {
        return false;
      }
      changed_.wait_for(lock, kLook);
    }
    return true;
  }
  void pass_on() {
    {
      const std::lock_guard lock(mutex_);
      ++turn_;
    }
    changed_.notify_all();
  }

 private:
  const SaveJob& job_;
  LayerResults& results_;
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t turn_ = 0;  // guarded by mutex_
};

// A pipe takes bytes in one order only, so at any moment one layer writes and the others collect. Their memory is
// bounded by a share of kMaxWaiting each: beyond it they wait, and with them the disk.
class StreamWriter {
 public:
  StreamWriter(const SaveJob& job, OutputStream& output)
      : job_(job),
        output_(output),
        plan_(job.catalogue, job.members),
        order_(layer_members(job)),
        max_waiting_(std::max(kPiece, kMaxWaiting / job.jobs)),
        results_(order_.size()),
        turns_(job, results_) {}

  Result<std::vector<LayerFailure>> run() {
    for_each_index(order_.size(), job_.jobs, job_.cancel, [&](size_t n) { write_layer(n); });
    Result<std::vector<LayerFailure>> failures = results_.take(job_, order_);
    if (!failures || !failures->empty()) {
      return failures;
    }
    const size_t first = order_.empty() ? 0 : order_.back() + 1;
    const Result<void> written = write_between(first, job_.members.size(), plan_.lead(job_.members.size()));
    return written ? failures : Result<std::vector<LayerFailure>>(written.error());
  }

 private:
  // The members from `first` to before `last`, and then `lead`.
  Result<void> write_between(size_t first, size_t last, const std::string& lead) {
    std::string bytes;
    for (size_t i = first; i < last; ++i) {
      bytes += plan_.lead(i);
      bytes += job_.members[i].bytes;
    }
    return output_.add(bytes + lead);
  }

  Result<void> begin(size_t n) {
    const size_t first = n == 0 ? 0 : order_[n - 1] + 1;
    return write_between(first, order_[n], plan_.lead(order_[n]));
  }

  // Bytes go out before the layer's digest is known, as nothing else would fit into memory. Where it turns out wrong
  // the stream ends, and no reader can take it for whole: the archive's end, with its manifest or its trailer, never
  // comes.
  void write_layer(size_t n) {
    const SavedLayer& layer = job_.catalogue.layers()[*job_.members[order_[n]].layer];
    std::string waiting;
    bool begun = false;
    // Whether what waits may go out; waits for that where `must`.
    const auto put_out = [&](bool must) -> Result<void> {
      if (!begun) {
        if (must ? !turns_.wait_for(n) : !turns_.is_turn(n)) {
          return must ? Result<void>(cancelled_error("save", "", "")) : Result<void>();
        }
        TRY(begin(n));
        begun = true;
      }
      const Result<void> written = output_.add(waiting);
      waiting.clear();
      return written;
    };
    const Result<AssembledTar> done = assemble_layer_tar(
        *layer.root, layer.source, job_.cancel, job_.progress, [&](std::string_view bytes) -> Result<void> {
          if (results_.stopped()) {
            return cancelled_error("save", "", "");
          }
          waiting += bytes;
          return waiting.size() < kPiece ? Result<void>() : put_out(waiting.size() >= max_waiting_);
        });
    if (done && done->proven) {
      const Result<void> written = put_out(true);
      results_.note(n, written ? done : Result<AssembledTar>(written.error()), layer.size);
    } else if (!done || turns_.wait_for(n)) {
      // The stream ends here: what comes behind would not be where a reader looks for it.
      results_.note(n, done, layer.size);
      results_.stop();
    }
    job_.progress.add_items(1);
    if (!results_.stopped()) {
      turns_.pass_on();
    }
  }

  const SaveJob& job_;
  OutputStream& output_;
  TarPlan plan_;
  std::vector<size_t> order_;
  size_t max_waiting_;  // of one layer
  LayerResults results_;
  Turns turns_;
};

}  // namespace

Result<std::vector<LayerFailure>> write_archive(const SaveJob& job, OutputStream& output) {
  return StreamWriter(job, output).run();
}

}  // namespace dfsck
