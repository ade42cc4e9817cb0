// One walk that hashes the tar and writes its tar-split at once.
#include "core/content/pack/tree.h"

#include <algorithm>
#include <cerrno>

#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/base/try.h"
#include "core/codec/digest.h"
#include "core/codec/tar/header.h"
#include "core/codec/tar/tar_split_writer.h"
#include "core/content/bytes/payload.h"
#include "core/content/pack/variant.h"
#include "core/content/pack/walk.h"

namespace dfsck {
namespace {

constexpr uint64_t kMostListed = 1ULL << 40;  // sparse files can claim any size
// Kept in memory until the digest of the tar, which names the new layer, is known.
constexpr size_t kMaxTarSplit = 256U << 20;

class TreePacker {
 public:
  TreePacker(const Dir& tree, const LayerInput& input, const Cancel& cancel, Progress& progress)
      : tree_(tree),
        cancel_(cancel),
        reader_(cancel, progress),
        writer_(PackVariant{}, input, names_),
        split_([this](std::string_view piece) { return keep(piece); }, TarSplitEnd::None) {}

  Result<PackedTree> run();

 private:
  Result<void> keep(std::string_view piece);
  Result<void> add_entry(const PackWalk& walk, const PackEntry& entry);
  Result<void> add_segment();
  // Hashes the file's bytes; gives their checksum.
  Result<uint64_t> hash_file(const PackWalk& walk, const PackEntry& entry);
  std::string where(const PackEntry& entry) const { return tree_.where() + "/" + escaped(entry.path); }

  const Dir& tree_;
  const Cancel& cancel_;
  PayloadReader reader_;
  OwnerNames names_;  // none: since 24 they are not written
  PackWriter writer_;
  std::string tar_split_;
  TarSplitWriter split_;
  Sha256 hash_;
  std::vector<PackedEntry> packed_;
  std::string segment_;  // between two payloads
  uint64_t entries_ = 0;
  uint64_t bytes_ = 0;
};

Result<void> TreePacker::keep(std::string_view piece) {
  tar_split_ += piece;
  if (tar_split_.size() > kMaxTarSplit) {
    return limit_error("pack", tree_.where(), "it has too many entries");
  }
  return {};
}

Result<uint64_t> TreePacker::hash_file(const PackWalk& walk, const PackEntry& entry) {
  bytes_ += std::min(entry.stat.size, kMostListed);
  if (bytes_ > kMostListed) {
    return limit_error("pack", tree_.where(), "its files claim to hold more than 1 TiB");
  }
  ASSIGN_OR_RETURN(const Fd file, walk.open_file(entry));
  const PayloadReader::Outcome outcome =
      reader_.read(file.get(), entry.stat.size, [this](std::string_view piece) { hash_.update(piece); });
  if (outcome.error != 0) {
    errno = outcome.error;
    return sys_error("read", where(entry));
  }
  if (outcome.bytes != entry.stat.size) {
    return cancel_.requested() ? cancelled_error("pack", "", "")
                               : Error{Error::Kind::Busy, 0, "pack", where(entry), "it changes meanwhile"};
  }
  return outcome.crc64;
}

Result<void> TreePacker::add_segment() {
  hash_.update(segment_);
  return split_.segment(segment_);
}

Result<void> TreePacker::add_entry(const PackWalk& walk, const PackEntry& entry) {
  // diff/ alone is not what the container saw, and there is no mount here to read it through.
  if (entry.is_partial) {
    return format_error("pack", where(entry), "a part of it lies in a layer below, as its attributes say");
  }
  const bool has_payload = writer_.write(entry, packed_);
  for (size_t i = 0; i < packed_.size(); ++i) {
    segment_ += packed_[i].header;
    TRY(add_segment());
    const uint64_t size = has_payload && i + 1 == packed_.size() ? entry.stat.size : 0;
    const Result<uint64_t> checksum = size > 0 ? hash_file(walk, entry) : Result<uint64_t>(uint64_t{0});
    TRY(checksum ? split_.file(packed_[i].name, size, *checksum) : Result<void>(checksum.error()));
    segment_.assign(tar_padding(size), '\0');
    ++entries_;
  }
  return {};
}

Result<PackedTree> TreePacker::run() {
  PackWalk walk(tree_, PackOrder::Walk);
  PackEntry entry;
  for (;;) {
    if (cancel_.requested()) {
      return cancelled_error("pack", "", "");
    }
    const Result<bool> got = walk.next(entry);
    const Result<void> added = got && *got ? add_entry(walk, entry) : Result<void>();
    if (!got || !added) {
      return got ? added.error() : got.error();
    }
    if (!*got) {
      break;
    }
  }
  segment_.append(2 * kTarBlock, '\0');
  TRY(add_segment());
  TRY(split_.finish());
  return PackedTree{*DiffId::from_hex(hash_.finish_hex()), std::move(tar_split_), entries_};
}

}  // namespace

Result<PackedTree> pack_tree(const Root& root, const LayerInput& input, const Cancel& cancel, Progress& progress) {
  ASSIGN_OR_RETURN(const Dir tree, root.open_dir(input.diff_dir));
  return TreePacker(tree, input, cancel, progress).run();
}

}  // namespace dfsck
