// Three walks: one that looks at what there is, one that reads the files and hashes the tars of all variants, one that
// writes tar-split by the variant that turned out right, with the checksums of the second walk.
#include "core/content/pack/pack.h"

#include <algorithm>
#include <limits>

#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/base/try.h"
#include "core/codec/digest.h"
#include "core/codec/tar/header.h"
#include "core/codec/tar/tar_split_writer.h"
#include "core/content/bytes/payload.h"
#include "core/content/pack/race.h"
#include "core/content/tree/tree_size.h"

namespace dfsck {
namespace {

// What the search for the time of whiteouts may hash: some ten seconds of one processor.
constexpr uint64_t kSearchBytes = 16ULL << 30;
// Sparse files can claim any size; a layer of more than this is none.
constexpr uint64_t kMostPacked = 1ULL << 40;

// Nothing keeps the tree from changing between the walks; the digest of all headers shows at the end whether it did:
// what the third walk writes is what the second one proved, or the result is Busy.
class Packer {
 public:
  Packer(const Dir& tree, const LayerInput& input, const OwnerNames& names, const Cancel& cancel, Progress& progress)
      : tree_(tree), input_(input), names_(names), cancel_(cancel), reader_(cancel, progress) {}

  Result<PackSurvey> survey() const;
  // The variant by which the tar hashes to the diff ID, if there is one.
  Result<std::optional<PackVariant>> race(const std::vector<PackVariant>& variants, PackOrder order);
  // What race() found. Fills in the sizes of `result`.
  Result<void> write(const PackVariant& variant, PackOrder order, const ByteSink& sink, PackedLayer& result) const;

 private:
  // Calls visit(walk, entry) for each entry, until it gives an error.
  template <typename Visit>
  Result<bool> for_each_entry(PackOrder order, Visit visit) const;
  Result<void> read_file(const PackWalk& walk, const PackEntry& entry, PackRace& race);

  const Dir& tree_;
  const LayerInput& input_;
  const OwnerNames& names_;
  const Cancel& cancel_;
  PayloadReader reader_;
  std::vector<uint64_t> checksums_;  // of files with contents, in order
  std::string headers_;              // digest of the accepted tar's headers
};

Error changes_meanwhile(const std::string& where) {
  return {Error::Kind::Busy, 0, "pack", where, "it changes meanwhile"};
}

// Gives whether the two orders of entries differ.
template <typename Visit>
Result<bool> Packer::for_each_entry(PackOrder order, Visit visit) const {
  PackWalk walk(tree_, order);
  PackEntry entry;
  for (;;) {
    if (cancel_.requested()) {
      return cancelled_error("pack", "", "");
    }
    ASSIGN_OR_RETURN(const bool got, walk.next(entry));
    if (!got) {
      return walk.orders_differ();
    }
    TRY(visit(walk, entry));
  }
}

// The walk that reads no file: it costs a fraction of the others, and spares variants that could not differ in this
// tree.
Result<PackSurvey> Packer::survey() const {
  PackSurvey survey;
  survey.first_whiteout_time = std::numeric_limits<int64_t>::max();
  const Result<bool> walked = for_each_entry(PackOrder::Walk, [&](const PackWalk&, const PackEntry& entry) {
    ++survey.entries;
    if (entry.stat.is_whiteout()) {
      ++survey.whiteouts;
      // The directory's time, not the whiteout's: the directory was changed by the deletion, while the whiteout on disk
      // may have been made anew when the layer was unpacked.
      survey.first_whiteout_time = std::min(survey.first_whiteout_time, entry.parent_mtime.seconds);
    } else {
      survey.newest_time = std::max(survey.newest_time, entry.stat.mtime.seconds);
      const uint64_t size = entry.stat.is_file() && entry.first_name.empty() ? entry.stat.size : 0;
      survey.bytes = std::min(survey.bytes + std::min(size, 2 * kMostPacked), 2 * kMostPacked);
    }
    return Result<void>();
  });
  TRY(walked);
  if (survey.bytes > kMostPacked) {
    return limit_error("pack", tree_.where(), "its files claim to hold " + human_bytes(survey.bytes));
  }
  survey.orders_differ = *walked;
  return survey;
}

Result<void> Packer::read_file(const PackWalk& walk, const PackEntry& entry, PackRace& race) {
  ASSIGN_OR_RETURN(const Fd file, walk.open_file(entry));
  // Each file once for all variants: where their headers are equal so far they share one hash, and where they have
  // parted the same bytes go into each.
  const PayloadReader::Outcome outcome =
      reader_.read(file.get(), entry.stat.size, [&race](std::string_view piece) { race.add_bytes(piece); });
  const std::string where = tree_.where() + "/" + escaped(entry.path);
  if (outcome.error != 0) {
    errno = outcome.error;
    return sys_error("read", where);
  }
  if (outcome.bytes != entry.stat.size) {
    return cancel_.requested() ? cancelled_error("pack", "", "") : changes_meanwhile(where);
  }
  race.end_bytes(outcome.bytes);
  // Eight bytes for each file with contents are all that is carried to the third walk, so that it need not read the
  // files again.
  checksums_.push_back(outcome.crc64);
  return {};
}

Result<std::optional<PackVariant>> Packer::race(const std::vector<PackVariant>& variants, PackOrder order) {
  PackRace race(variants, input_, names_);
  checksums_.clear();
  const Result<bool> walked = for_each_entry(order, [&](const PackWalk& walk, const PackEntry& entry) {
    return race.add_entry(entry) ? read_file(walk, entry, race) : Result<void>();
  });
  TRY(walked);
  const std::optional<PackRace::Win> win = race.finish(*input_.diff);
  headers_ = win ? win->headers : std::string();
  return win ? std::optional(variants[win->variant]) : std::nullopt;
}

// The third walk. It sees headers only; that they are the ones that won is proven by their digest, that the bytes are
// is known from the second.
Result<void> Packer::write(const PackVariant& variant, PackOrder order, const ByteSink& sink,
                           PackedLayer& result) const {
  // Daemons that wrote the type into the mode (before 24) closed tar-split with an empty segment (before 25): the one
  // tells of the other, and both forms are read alike.
  TarSplitWriter split(sink,
                       variant.mode == PackVariant::Mode::WithType ? TarSplitEnd::EmptySegment : TarSplitEnd::None);
  PackWriter writer(variant, input_, names_);
  std::vector<PackedEntry> packed;
  Sha256 headers;
  std::string segment;  // between two payloads
  size_t next_checksum = 0;
  const auto add_file = [&](const PackedEntry& entry, uint64_t size) -> Result<void> {
    if (size > 0 && next_checksum == checksums_.size()) {
      return changes_meanwhile(tree_.where());
    }
    segment += entry.header;
    headers.update(segment);
    Result<void> written = split.segment(segment);
    written = written ? split.file(entry.name, size, size > 0 ? checksums_[next_checksum++] : 0) : written;
    result.entries += 1;
    result.header_bytes += size;
    result.tar_bytes += segment.size() + size;
    // Padding opens the next segment: tar-split cuts in front of payloads and behind them.
    segment.assign(tar_padding(size), '\0');
    return written;
  };
  const Result<bool> walked = for_each_entry(order, [&](const PackWalk&, const PackEntry& entry) {
    const bool has_payload = writer.write(entry, packed);
    Result<void> written;
    for (size_t i = 0; written && i < packed.size(); ++i) {
      written = add_file(packed[i], has_payload && i + 1 == packed.size() ? entry.stat.size : 0);
    }
    return written;
  });
  TRY(walked);
  segment.append(2 * kTarBlock, '\0');
  headers.update(segment);
  result.tar_bytes += segment.size();
  if (headers.finish_hex() != headers_) {
    return changes_meanwhile(tree_.where());
  }
  TRY(split.segment(segment));
  return split.finish();
}

// One way of packing that is to be tried.
struct Attempt {
  PackOrder order;
  std::vector<PackVariant> variants;
};

// Each attempt reads all files. Likely variants first; the other order of entries only where the tree has names that
// tell the orders apart; last the search for a second that nothing on disk remembers.
std::vector<Attempt> attempts_for(const PackSurvey& survey, const LayerInput& input) {
  std::vector<Attempt> attempts;
  attempts.push_back({PackOrder::Walk, variants_for(survey, input)});
  if (survey.orders_differ) {
    attempts.push_back({PackOrder::Paths, variants_for(survey, input)});
  }
  attempts.push_back({PackOrder::Walk, searching_variants(survey, kSearchBytes)});
  return attempts;
}

}  // namespace

Result<PackedLayer> pack_layer(const Root& root, const LayerInput& input, const OwnerNames& names, const Cancel& cancel,
                               Progress& progress, const ByteSink& sink) {
  PackedLayer result;
  if (!input.diff) {
    result.reason = "its diff ID is not known, so nothing can be proven";
    return result;
  }
  ASSIGN_OR_RETURN(const Dir tree, root.open_dir(input.diff_dir));
  Packer packer(tree, input, names, cancel, progress);
  ASSIGN_OR_RETURN(const PackSurvey survey, packer.survey());
  for (const Attempt& attempt : attempts_for(survey, input)) {
    ASSIGN_OR_RETURN(const std::optional<PackVariant> variant, attempt.variants.empty()
                                                                   ? std::optional<PackVariant>()
                                                                   : packer.race(attempt.variants, attempt.order));
    result.variants_tried += attempt.variants.size();
    if (variant) {
      const Result<void> written = packer.write(*variant, attempt.order, sink, result);
      ASSIGN_OR_RETURN(const uint64_t size,
                       written ? tree_size(root, input.diff_dir) : Result<uint64_t>(written.error()));
      result.matches = true;
      result.variant = variant->name() + (attempt.order == PackOrder::Paths ? ", sorted by path" : "");
      result.tree_bytes = size;
      return result;
    }
  }
  result.reason = "none of " + counted(result.variants_tried, "known way") + " of packing gives its diff ID";
  return result;
}

}  // namespace dfsck
