// A donor that is one tar file, plain or compressed as a whole.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "core/base/result.h"
#include "core/codec/tar/stream.h"
#include "core/donor/limits.h"
#include "core/donor/member_store.h"
#include "core/donor/rewind_pool.h"
#include "core/fs/fd.h"
#include "core/run/cancel.h"

namespace dfsck {

// An index of the members, made in one pass over the headers; of a compressed file, in one pass over everything, which
// also keeps the small members. Nothing is ever unpacked.
class TarStore final : public MemberStore {
 public:
  // `shown` is the file's path, escaped. Refused are archives that are cut off, or hold names with "..", absolute
  // names, links that lead out, devices, sparse files, or two members of one name, whatever else they hold: Format
  // error. `cancel` must stay as long as the store.
  static Result<std::unique_ptr<TarStore>> index(std::shared_ptr<const Fd> fd, uint64_t file_size, std::string shown,
                                                 const DonorLimits& limits, const Cancel& cancel);

  Result<std::optional<Member>> look_up(const RelPath& name) const override;
  Result<std::unique_ptr<ByteSource>> open(const RelPath& name, const Member& file) const override;
  // Those that only the names of others imply are there too.
  Result<std::vector<RelPath>> top_directories() const override;
  bool is_sequential() const override { return pool_ != nullptr; }

 private:
  TarStore(std::shared_ptr<const Fd> fd, uint64_t file_size, std::string shown);

  Result<void> read_index(const DonorLimits& limits, const Cancel& cancel);
  Result<void> add(const TarHeader& header, TarStream& stream, const DonorLimits& limits);
  Result<Member> to_member(const TarHeader& header, const RelPath& name, const TarStream& stream) const;
  Result<void> keep(const RelPath& name, const Member& member, TarStream& stream, const DonorLimits& limits);

  std::shared_ptr<const Fd> fd_;
  uint64_t file_size_;
  std::unordered_map<std::string, Member> members_;
  std::unique_ptr<RewindPool> pool_;      // of a compressed file
  std::map<uint64_t, std::string> kept_;  // small members of a compressed file, by place
  size_t kept_bytes_ = 0;
};

}  // namespace dfsck
