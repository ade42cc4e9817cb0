// Each byte is decompressed, hashed, checksummed and written once, while it is in the cache.
#include "core/load/unpack_layer.h"

#include "core/base/escape.h"
#include "core/base/try.h"
#include "core/codec/crc64.h"
#include "core/codec/tar/stream.h"
#include "core/codec/tar/tar_split_writer.h"
#include "core/fs/write/writer.h"
#include "core/load/member.h"
#include "core/load/tree_builder.h"

namespace dfsck {
namespace {

// A layer's entries are each an inode of the root; whole systems have some hundred thousand.
constexpr uint64_t kMaxEntries = 10'000'000;

// One reader for loading and for dry runs, so that both refuse the same archives with the same words.
class LayerReader {
 public:
  // `tree` and `tar_split` are null where nothing is to be made.
  LayerReader(LayerSource& source, TreeBuilder* tree, TarSplitWriter* tar_split, Progress& progress)
      : source_(source),
        tar_(source, source.where(), {.max_entries = kMaxEntries}),
        tree_(tree),
        tar_split_(tar_split),
        progress_(progress) {}

  Result<UnpackedLayer> run() {
    TarStreamEntry entry;
    for (;;) {
      ASSIGN_OR_RETURN(const TarStream::Kind kind, tar_.next(entry));
      if (kind == TarStream::Kind::End) {
        break;
      }
      TRY(kind == TarStream::Kind::Entry ? add_entry(entry) : add_segment(entry.raw));
      count_bytes();
    }
    // Without its end the digest is not known, and then nothing of the layer is known to be right.
    if (!source_.verified()) {
      return format_error("read layer", source_.where(), "was not read to its end");
    }
    layer_.tar_bytes = tar_.position();
    layer_.entries = tar_.entries();
    return layer_;
  }

 private:
  Result<void> add_segment(std::string_view raw) {
    return tar_split_ != nullptr ? tar_split_->segment(raw) : Result<void>();
  }

  // The order of a tar-split: the raw header blocks as a segment, then the file with its checksum. The header goes in
  // only when the object could be made.
  Result<void> add_entry(const TarStreamEntry& entry) {
    const TarHeader& header = entry.header;
    ASSIGN_OR_RETURN(const LayerMember member, judge_member(header, source_.where()));
    Result<Fd> file = tree_ != nullptr ? tree_->make(member, header) : Result<Fd>(Fd());
    Result<void> done = file ? add_segment(entry.raw) : file.error();
    Crc64 crc;
    while (done && tar_.payload_left() > 0) {
      ASSIGN_OR_RETURN(const std::string_view piece, tar_.payload());
      if (tree_ != nullptr) {
        crc.update(piece.data(), piece.size());
        done = *file ? append(file->get(), piece, source_.where()) : Result<void>();
      }
      count_bytes();
    }
    if (done && tree_ != nullptr && *file) {
      done = tree_->finish_file(*file, header);
    }
    TRY(done);
    using Kind = LayerMember::Kind;
    layer_.tree_bytes += member.kind == Kind::File      ? header.size
                         : member.kind == Kind::Symlink ? header.link_name.size()
                                                        : 0;
    // A global header is closed by a file entry of size 0, as tar-split's own disassembler writes it.
    return tar_split_ != nullptr ? tar_split_->file(header.name, header.is_global() ? 0 : header.size, crc.value())
                                 : Result<void>();
  }

  void count_bytes() {
    constexpr uint64_t kStep = 1U << 20;
    if (const uint64_t now = tar_.position(); now - counted_ >= kStep) {
      progress_.add_bytes(now - counted_);
      counted_ = now;
    }
  }

  LayerSource& source_;
  TarStream tar_;
  TreeBuilder* tree_;
  TarSplitWriter* tar_split_;
  Progress& progress_;
  UnpackedLayer layer_;
  uint64_t counted_ = 0;
};

}  // namespace

// Nothing here is synced: the run makes all its staged trees durable at once before its plan names them.
Result<UnpackedLayer> unpack_layer(LayerSource& source, const Dir& diff, const RootOwners& owners,
                                   const ByteSink& tar_split, Progress& progress) {
  TreeBuilder tree(diff, owners, source.where());
  TarSplitWriter writer(tar_split, TarSplitEnd::None);
  ASSIGN_OR_RETURN(UnpackedLayer layer, LayerReader(source, &tree, &writer, progress).run());
  TRY(writer.finish());
  TRY(tree.finish());
  return layer;
}

Result<UnpackedLayer> inspect_layer(LayerSource& source, Progress& progress) {
  return LayerReader(source, nullptr, nullptr, progress).run();
}

}  // namespace dfsck
