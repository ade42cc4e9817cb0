// verify-layers ROOT [full|headers] [JOBS]: verifies the layers of one data root and prints a line for each, and one
// for every issue. For measuring and for looking at roots by hand; docker-fsck itself does more.
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/content/verify.h"
#include "core/run/parallel.h"
#include "tests/support/layers_of_root.h"

namespace {

using namespace dfsck;
using test::LayerOfRoot;
using test::layers_of_root;

const char* state_name(LayerVerdict::State state) {
  switch (state) {
    case LayerVerdict::State::NotChecked: return "not checked";
    case LayerVerdict::State::Verified: return "verified";
    case LayerVerdict::State::HeadersMatch: return "headers match";
    case LayerVerdict::State::Damaged: return "DAMAGED";
    case LayerVerdict::State::DigestDiffers: return "DIGEST DIFFERS";
    case LayerVerdict::State::NoReference: return "NO REFERENCE";
    case LayerVerdict::State::Unverifiable: return "unverifiable";
    case LayerVerdict::State::Unreadable: return "UNREADABLE";
    case LayerVerdict::State::Cancelled: return "cancelled";
  }
  return "?";
}

void print(const LayerOfRoot& layer, const LayerVerdict& verdict) {
  std::printf("%.12s %-14s %7llu entries %12llu bytes, size %llu/%llu/%llu%s%s\n", layer.chain.c_str(),
              state_name(verdict.state), static_cast<unsigned long long>(verdict.entries),
              static_cast<unsigned long long>(verdict.bytes_hashed), static_cast<unsigned long long>(layer.size),
              static_cast<unsigned long long>(verdict.tree_bytes),
              static_cast<unsigned long long>(verdict.header_bytes), verdict.reason.empty() ? "" : " ",
              verdict.reason.c_str());
  size_t shown = 0;
  for (const Issue& issue : verdict.issues) {
    if (++shown > 50) {
      std::printf("    and %zu more\n", verdict.issues.size() - 50);
      break;
    }
    std::printf("    %s %s: %s\n", std::string(issue_kind_name(issue.kind)).c_str(), escaped(issue.path).c_str(),
                issue.detail.c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Result<Root> root = argc > 1 ? Root::open(argv[1]) : Result<Root>(limit_error("read", "arguments", "none"));
  if (!root) {
    std::fprintf(stderr, "%s\n", root.error().message().c_str());
    return 2;
  }
  const Depth depth = argc > 2 && std::strcmp(argv[2], "headers") == 0 ? Depth::Headers : Depth::Full;
  const auto jobs = static_cast<unsigned>(argc > 3 ? parse_uint64(argv[3]).value_or(1) : default_jobs());
  std::vector<LayerOfRoot> layers = layers_of_root(*root);
  std::stable_sort(layers.begin(), layers.end(),
                   [](const LayerOfRoot& a, const LayerOfRoot& b) { return a.size > b.size; });
  std::vector<LayerVerdict> verdicts(layers.size());
  const Cancel cancel;
  Progress progress;
  for_each_index(layers.size(), jobs, cancel,
                 [&](size_t i) { verdicts[i] = verify_layer(*root, layers[i].input, depth, cancel, progress); });
  bool clean = true;
  for (size_t i = 0; i < layers.size(); ++i) {
    print(layers[i], verdicts[i]);
    clean =
        clean && verdicts[i].issues.empty() &&
        (verdicts[i].state == LayerVerdict::State::Verified || verdicts[i].state == LayerVerdict::State::HeadersMatch);
  }
  return clean ? 0 : 1;
}
