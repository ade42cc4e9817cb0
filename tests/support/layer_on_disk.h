// A layer in a temporary root: unpacked by the daemon's rules, with its tar-split beside it.
#pragma once

#include <string>
#include <vector>

#include "core/content/verify.h"
#include "tests/support/tar_split_writer.h"
#include "tests/support/temp_root.h"

namespace dfsck::test {

class LayerOnDisk {
 public:
  // Needs to be root for device nodes, owners and trusted attributes; see needs_root().
  explicit LayerOnDisk(const std::vector<TarMember>& members);
  LayerOnDisk(const std::vector<TarMember>& members, const Tar& tar);

  // Absolute path of something in diff/.
  std::string path(const std::string& inside) const;
  void write_tar_split(const std::string& gzip) const;
  // A layer below this one, with these empty files.
  void add_lower(const std::vector<std::string>& files);

  LayerVerdict verify(Depth depth = Depth::Full) const;
  LayerInput input;
  TempRoot root;

 private:
  void unpack(const TarMember& member) const;
};

// The bytes of a file: no zeros, and no two blocks alike.
std::string payload(size_t size);

// Why this process cannot make layers; empty if it can. For GTEST_SKIP.
std::string why_no_layers();

// "kind path: detail" of each issue, a line each.
std::string issues_of(const LayerVerdict& verdict);

}  // namespace dfsck::test
