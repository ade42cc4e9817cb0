// One pass over the layer, as when it is verified, but with other bytes for some files and without a look at the
// headers.
#include "core/heal/prove.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/escape.h"
#include "core/base/patient_calls.h"
#include "core/base/try.h"
#include "core/codec/tar/layer_stream.h"
#include "core/content/bytes/payload.h"
#include "core/content/layers/results.h"
#include "core/fs/fd.h"

namespace dfsck {
namespace {

// Takes the right bytes in order, and reads the damaged file beside them. Not thread-safe.
class Comparison {
 public:
  // Of no file there is nothing to be told.
  explicit Comparison(Fd damaged) : damaged_(std::move(damaged)) {}

  void add(std::string_view right);
  // Nothing where no byte differed or the file could not be read to its end.
  std::optional<WrongBytes> wrong() const;

 private:
  Fd damaged_;
  std::vector<char> found_;
  uint64_t offset_ = 0;
  std::optional<uint64_t> first_;
  uint64_t end_ = 0;  // behind the last byte that differs
};

void Comparison::add(std::string_view right) {
  if (!damaged_ || right.empty()) {
    return;
  }
  found_.resize(std::max(found_.size(), right.size()));
  const ssize_t got = patient::pread(damaged_.get(), found_.data(), right.size(), static_cast<off_t>(offset_));
  // Shorter, or not to be read: where it differs cannot be told any more, and that is a hint for people only, so
  // nothing fails for it.
  if (got != static_cast<ssize_t>(right.size())) {
    damaged_.reset();
    return;
  }
  const auto first = std::mismatch(right.begin(), right.end(), found_.begin());
  if (first.first != right.end()) {
    const auto begin = static_cast<size_t>(std::distance(right.begin(), first.first));
    size_t end = right.size();
    // Ends at the first difference at the latest, which is known to be there.
    while (right[end - 1] == found_[end - 1]) {
      --end;
    }
    // From the first to the last difference, with all that is equal between them: a torn write shows as one range of
    // sectors or pages, which is what somebody who looks for the cause wants to see.
    first_ = first_ ? first_ : offset_ + begin;
    end_ = offset_ + end;
  }
  offset_ += right.size();
}

std::optional<WrongBytes> Comparison::wrong() const {
  return damaged_ && first_ ? std::optional(WrongBytes{*first_, end_ - *first_}) : std::nullopt;
}

class Prover {
 public:
  // `tree` may be null where the replacements are all files of the layer.
  Prover(const Dir* tree, const LayerInput& input, std::vector<Replacement>& replacements, OriginReader& reader,
         const Cancel& cancel, Progress& progress)
      : tree_(tree),
        input_(input),
        replacements_(replacements),
        reader_(reader),
        cancel_(cancel),
        progress_(progress),
        payloads_(cancel, progress) {
    for (size_t i = 0; i < replacements_.size(); ++i) {
      by_path_.emplace(replacements_[i].path, i);
      replacements_[i].links.clear();
    }
  }

  Result<Proof> run(LayerStream& stream) {
    LayerEntry entry;
    while (true) {
      if (cancel_.requested()) {
        return cancelled_error("prove", input_.diff_dir.text(), "cancelled");
      }
      ASSIGN_OR_RETURN(const LayerStream::Kind kind, stream.next(entry));
      if (kind == LayerStream::Kind::End) {
        break;
      }
      // Headers and padding come from tar-split; only payloads come from files. With every byte in its place the sum is
      // the layer's diffID, or something is wrong. No header is compared with the tree here: the digest is that of
      // tar-split's headers, whatever owners and modes the files have.
      digest_.add(entry.raw);
      if (kind == LayerStream::Kind::Entry) {
        if (const Result<void> taken = take(entry); !taken) {
          // A replacement that does not give its bytes is an answer, and the next one is tried; a file of the tree that
          // has changed since the check is not, because then the check itself no longer holds.
          return proof_.useless ? Result(proof_) : taken.error();
        }
      }
    }
    proof_.holds = input_.diff && digest_.finish_hex() == input_.diff->hex();
    return proof_;
  }

 private:
  Result<void> take(const LayerEntry& entry) {
    if (entry.header.is_hard_link()) {
      clean_tar_name(entry.header.link_name, target_);
      const auto linked = by_path_.find(target_);
      const std::optional<RelPath> path = RelPath::parse(entry.path);
      if (linked != by_path_.end() && path) {
        // Names that the tar made by linking to the file: a repair that puts a new file in its place has to link them
        // anew, or they would go on leading to the damaged inode.
        replacements_[linked->second].links.push_back(*path);
      }
    }
    if (entry.size == 0) {
      return {};
    }
    const auto replaced = by_path_.find(entry.path);
    return replaced != by_path_.end() ? take_replacement(entry, replaced->second) : take_file(entry);
  }

  Result<void> take_replacement(const LayerEntry& entry, size_t number) {
    Replacement& replacement = replacements_[number];
    Result<Fd> found = replacement.has_size ? open_tree_file(entry) : Fd();
    Comparison damage(found ? std::move(*found) : Fd());
    Result<void> copied = reader_.copy(replacement.origin, entry.size, entry.crc64, [&](std::string_view piece) {
      digest_.add(piece);
      damage.add(piece);
      progress_.add_bytes(piece.size());
      return Result<void>();
    });
    replacement.wrong = damage.wrong();
    // Whatever kept the origin from giving its bytes (changed, moved, unreadable), it does not count; a wish to stop
    // says nothing of it.
    if (!copied && copied.error().kind != Error::Kind::Cancelled) {
      proof_.useless = number;
    }
    return copied;
  }

  // A name may lead through links of the same layer, as the daemon's own reading does.
  Result<Fd> open_tree_file(const LayerEntry& entry) const {
    const std::optional<RelPath> path = RelPath::parse(entry.path);
    return path && tree_ != nullptr ? open_in_root(tree_->fd(), *path, O_RDONLY | O_NONBLOCK, path->text())
                                    : format_error("read", input_.diff_dir.text(), "a name that is none");
  }

  Result<void> take_file(const LayerEntry& entry) {
    ASSIGN_OR_RETURN(const Fd fd, open_tree_file(entry));
    const PayloadReader::Outcome read = payloads_.read(fd.get(), entry.size, digest_);
    return read.error == 0 && read.bytes == entry.size && read.crc64 == entry.crc64
               ? Result<void>()
               : format_error("read", input_.diff_dir.text() + "/" + escaped(entry.path),
                              "has changed since it was checked");
  }

  const Dir* tree_;
  const LayerInput& input_;
  std::vector<Replacement>& replacements_;
  OriginReader& reader_;
  const Cancel& cancel_;
  Progress& progress_;
  PayloadReader payloads_;
  TarDigest digest_;
  std::unordered_map<std::string, size_t> by_path_;
  std::string target_;  // of a hard link, cleaned
  Proof proof_;
};

}  // namespace

Result<Proof> prove_layer(const Root& root, const LayerInput& input, std::vector<Replacement>& replacements,
                          OriginReader& reader, const Cancel& cancel, Progress& progress) {
  std::optional<Dir> tree;
  if (!input.tree_lost) {
    ASSIGN_OR_RETURN(Dir opened, root.open_dir(input.diff_dir));
    tree.emplace(std::move(opened));
  }
  ASSIGN_OR_RETURN(const Fd tar_split, root.open_file(input.tar_split));
  LayerStream stream(tar_split.get(), input.tar_split.text());
  return Prover(tree ? &*tree : nullptr, input, replacements, reader, cancel, progress).run(stream);
}

}  // namespace dfsck
