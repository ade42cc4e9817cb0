// What all ways of writing an archive share: where each member lies in the tar, and how the layers fared. Internal to
// save_*.cc.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "core/content/layer_tar.h"
#include "core/save/writer.h"

namespace dfsck {

// The tar of the members: what stands in front of each one's bytes, and at which place.
class TarPlan {
 public:
  TarPlan(const SaveCatalogue& catalogue, const std::vector<ArchiveMember>& members);

  // Between the bytes of the member before and those of the i-th: padding and headers. Behind the last member, for
  // i == members.size(): padding and the end of the tar.
  const std::string& lead(size_t i) const { return leads_[i]; }
  uint64_t offset(size_t i) const { return offsets_[i]; }  // of that
  uint64_t size() const { return offsets_.back() + leads_.back().size(); }

 private:
  std::vector<std::string> leads_;
  std::vector<uint64_t> offsets_;
};

// The members that are layers, as indexes, in order.
std::vector<size_t> layer_members(const SaveJob& job);

// What became of each layer; each job writes to its own slot.
class LayerResults {
 public:
  explicit LayerResults(size_t count) : errors_(count), problems_(count) {}

  // An error ends the work of all others too; a layer that is wrong does not, so that all that are wrong get known.
  void note(size_t n, const Result<AssembledTar>& done, uint64_t size);
  void stop() { stop_.store(true, std::memory_order_relaxed); }
  bool stopped() const { return stop_.load(std::memory_order_relaxed); }
  // `order` has the member of each slot.
  Result<std::vector<LayerFailure>> take(const SaveJob& job, const std::vector<size_t>& order) const;

 private:
  std::vector<std::optional<Error>> errors_;
  std::vector<std::string> problems_;
  std::atomic<bool> stop_{false};
};

}  // namespace dfsck
