// A donor that is a directory: an OCI layout, or an archive that somebody has unpacked.
#pragma once

#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/donor/member_store.h"
#include "core/fs/root.h"

namespace dfsck {

// Reads beneath one directory. Links are looked at, never followed by the kernel, so that nothing outside is ever read.
class DirectoryStore final : public MemberStore {
 public:
  explicit DirectoryStore(Root root);

  Result<std::optional<Member>> look_up(const RelPath& name) const override;
  Result<std::unique_ptr<ByteSource>> open(const RelPath& name, const Member& file) const override;
  Result<std::vector<RelPath>> top_directories() const override;

 private:
  Root root_;
};

}  // namespace dfsck
