// Three walks: one that looks at what there is, one that reads the files and hashes the tars of all habits side by side,
// one that writes tar-split by the habit that turned out right, with the checksums of the second walk.
//
// Habits whose tars are still the same share a hash; where they part, the hash is copied.
#include "core/content/pack.h"

#include <algorithm>
#include <limits>
#include <memory>

#include "core/base/escape.h"
#include "core/codec/digest.h"
#include "core/codec/tar_header.h"
#include "core/codec/tar_split_writer.h"
#include "core/content/payload.h"
#include "core/content/tree_size.h"

namespace dfsck {
namespace {

constexpr size_t kTarEnd = 2 * kTarBlock;

const std::string& zeros() {
  static const std::string kZeros(kTarBlock, '\0');
  return kZeros;
}

// Habits whose tars have been the same so far.
struct Lane {
  std::vector<size_t> habits;
  Sha256 tar;
  Sha256 headers;  // all that is not the files' bytes: what the third walk must see again
  uint64_t bytes = 0;

  void add_headers(std::string_view text) {
    tar.update(text);
    headers.update(text);
    bytes += text.size();
  }
};

// What one habit makes of the current entry.
struct Rendering {
  std::vector<PackedEntry> entries;
  bool has_payload = false;

  bool is_same(const Rendering& other) const {
    return has_payload == other.has_payload &&
           std::equal(entries.begin(), entries.end(), other.entries.begin(), other.entries.end(),
                      [](const PackedEntry& a, const PackedEntry& b) { return a.header == b.header; });
  }
};

class Packer {
 public:
  Packer(const Dir& tree, const LayerInput& input, const OwnerNames& names, const Cancel& cancel, Progress& progress)
      : tree_(tree), input_(input), names_(names), cancel_(cancel), reader_(cancel, progress) {}

  Result<PackSurvey> survey();
  // The index of the habit by which the tar hashes to the diff ID; `habits.size()` if there is none.
  Result<size_t> race(const std::vector<PackHabit>& habits, PackOrder order);
  Result<void> write(const PackHabit& habit, PackOrder order, const ByteSink& sink, PackedLayer& result);

 private:
  Result<bool> next(PackWalk& walk, PackEntry& entry) const;
  void part_ways(const std::vector<Rendering>& renderings);
  Result<void> read_payload(const PackWalk& walk, const PackEntry& entry, const std::vector<Rendering>& renderings);
  size_t finish_race(size_t none);

  const Dir& tree_;
  const LayerInput& input_;
  const OwnerNames& names_;
  const Cancel& cancel_;
  PayloadReader reader_;
  std::vector<Lane> lanes_;
  std::vector<uint64_t> checksums_;  // of files with a payload, in order
  std::string winner_headers_;       // digest
};

Error cancelled() { return {Error::Kind::Cancelled, 0, "pack", "", ""}; }

Result<bool> Packer::next(PackWalk& walk, PackEntry& entry) const {
  return cancel_.requested() ? Result<bool>(cancelled()) : walk.next(entry);
}

Result<PackSurvey> Packer::survey() {
  PackSurvey survey;
  survey.first_whiteout_time = std::numeric_limits<int64_t>::max();
  survey.last_whiteout_time = std::numeric_limits<int64_t>::min();
  PackWalk walk(tree_, PackOrder::Walk);
  PackEntry entry;
  for (;;) {
    const Result<bool> got = next(walk, entry);
    if (!got) {
      return got.error();
    }
    if (!*got) {
      break;
    }
    ++survey.entries;
    if (entry.stat.is_whiteout()) {
      ++survey.whiteouts;
      survey.first_whiteout_time = std::min(survey.first_whiteout_time, entry.parent_mtime.seconds);
      survey.last_whiteout_time = std::max(survey.last_whiteout_time, entry.parent_mtime.seconds);
    }
  }
  survey.orders_differ = walk.orders_differ();
  return survey;
}

void Packer::part_ways(const std::vector<Rendering>& renderings) {
  const size_t before = lanes_.size();
  for (size_t i = 0; i < before; ++i) {
    const size_t leader = lanes_[i].habits.front();
    std::vector<size_t> others;
    std::erase_if(lanes_[i].habits, [&](size_t habit) {
      const bool parts = !renderings[habit].is_same(renderings[leader]);
      if (parts) {
        others.push_back(habit);
      }
      return parts;
    });
    const size_t first_new = lanes_.size();
    for (const size_t habit : others) {
      const auto same = std::find_if(lanes_.begin() + static_cast<std::ptrdiff_t>(first_new), lanes_.end(),
                                     [&](const Lane& lane) {
                                       return renderings[lane.habits.front()].is_same(renderings[habit]);
                                     });
      if (same != lanes_.end()) {
        same->habits.push_back(habit);
      } else {
        lanes_.push_back({{habit}, lanes_[i].tar.copy(), lanes_[i].headers.copy(), lanes_[i].bytes});
      }
    }
  }
  for (Lane& lane : lanes_) {
    for (const PackedEntry& entry : renderings[lane.habits.front()].entries) {
      lane.add_headers(entry.header);
    }
  }
}

Result<void> Packer::read_payload(const PackWalk& walk, const PackEntry& entry,
                                  const std::vector<Rendering>& renderings) {
  std::vector<Lane*> takers;
  for (Lane& lane : lanes_) {
    if (renderings[lane.habits.front()].has_payload) {
      takers.push_back(&lane);
    }
  }
  if (takers.empty()) {
    return {};
  }
  const Result<Fd> file = walk.open_file(entry);
  if (!file) {
    return file.error();
  }
  const PayloadReader::Outcome outcome = reader_.read(file->get(), entry.stat.size, [&](std::string_view piece) {
    for (Lane* lane : takers) {
      lane->tar.update(piece);
    }
  });
  const std::string where = tree_.where() + "/" + escaped(entry.path);
  if (outcome.error != 0) {
    errno = outcome.error;
    return sys_error("read", where);
  }
  if (cancel_.requested()) {
    return cancelled();
  }
  if (outcome.bytes != entry.stat.size) {
    return Error{Error::Kind::Busy, 0, "read", where, "changes while it is read"};
  }
  checksums_.push_back(outcome.crc64);
  for (Lane* lane : takers) {
    lane->bytes += outcome.bytes;
    lane->add_headers(std::string_view(zeros()).substr(0, tar_padding(outcome.bytes)));
  }
  return {};
}

size_t Packer::finish_race(size_t none) {
  for (Lane& lane : lanes_) {
    lane.add_headers(zeros());
    lane.add_headers(zeros());
    if (lane.tar.finish_hex() == input_.diff->hex()) {
      winner_headers_ = lane.headers.finish_hex();
      return lane.habits.front();
    }
  }
  return none;
}

Result<size_t> Packer::race(const std::vector<PackHabit>& habits, PackOrder order) {
  std::vector<PackWriter> writers;
  lanes_.clear();
  lanes_.emplace_back();
  checksums_.clear();
  for (size_t i = 0; i < habits.size(); ++i) {
    writers.emplace_back(habits[i], input_, names_);
    lanes_.front().habits.push_back(i);
  }
  std::vector<Rendering> renderings(habits.size());
  PackWalk walk(tree_, order);
  PackEntry entry;
  for (;;) {
    const Result<bool> got = next(walk, entry);
    if (!got) {
      return got.error();
    }
    if (!*got) {
      return finish_race(habits.size());
    }
    for (size_t i = 0; i < habits.size(); ++i) {
      renderings[i].has_payload = writers[i].write(entry, renderings[i].entries);
    }
    part_ways(renderings);
    const Result<void> read = read_payload(walk, entry, renderings);
    if (!read) {
      return read.error();
    }
  }
}

Result<void> Packer::write(const PackHabit& habit, PackOrder order, const ByteSink& sink, PackedLayer& result) {
  TarSplitWriter split(sink, habit.mode == PackHabit::Mode::WithType ? TarSplitEnd::EmptySegment : TarSplitEnd::None);
  PackWriter writer(habit, input_, names_);
  PackWalk walk(tree_, order);
  PackEntry entry;
  std::vector<PackedEntry> packed;
  Sha256 headers;
  std::string segment;
  const auto changed = [&] { return Error{Error::Kind::Busy, 0, "pack", tree_.where(), "it changes meanwhile"}; };
  const auto add_segment = [&](std::string_view bytes) {
    headers.update(bytes);
    segment += bytes;
    result.tar_bytes += bytes.size();
  };
  size_t next_checksum = 0;
  for (;;) {
    const Result<bool> got = next(walk, entry);
    if (!got) {
      return got.error();
    }
    if (!*got) {
      break;
    }
    const bool has_payload = writer.write(entry, packed);
    for (const PackedEntry& one : packed) {
      const bool with_bytes = has_payload && &one == &packed.back();
      if (with_bytes && next_checksum == checksums_.size()) {
        return changed();
      }
      const uint64_t size = with_bytes ? entry.stat.size : 0;
      add_segment(one.header);
      Result<void> written = split.segment(segment);
      written = written ? split.file(one.name, size, with_bytes ? checksums_[next_checksum++] : 0) : written;
      if (!written) {
        return written;
      }
      segment.clear();
      add_segment(std::string_view(zeros()).substr(0, tar_padding(size)));
      result.tar_bytes += size;
      result.header_bytes += size;
      ++result.entries;
    }
  }
  add_segment(std::string(kTarEnd, '\0'));
  if (headers.finish_hex() != winner_headers_) {
    return changed();
  }
  const Result<void> written = split.segment(segment);
  return written ? split.finish() : written;
}

}  // namespace

Result<PackedLayer> pack_layer(const Root& root, const LayerInput& input, const OwnerNames& names, const Cancel& cancel,
                               Progress& progress, const ByteSink& sink) {
  PackedLayer result;
  if (!input.diff) {
    result.reason = "its diff ID is not known, so nothing can be proven";
    return result;
  }
  const Result<Dir> tree = root.open_dir(input.diff_dir);
  if (!tree) {
    return tree.error();
  }
  Packer packer(*tree, input, names, cancel, progress);
  const Result<PackSurvey> survey = packer.survey();
  if (!survey) {
    return survey.error();
  }
  const std::vector<PackHabit> habits = habits_for(*survey, input);
  for (const PackOrder order : {PackOrder::Walk, PackOrder::Paths}) {
    if (order == PackOrder::Paths && !survey->orders_differ) {
      continue;
    }
    const Result<size_t> winner = packer.race(habits, order);
    if (!winner) {
      return winner.error();
    }
    result.habits_tried += habits.size();
    if (*winner < habits.size()) {
      const Result<void> written = packer.write(habits[*winner], order, sink, result);
      const Result<uint64_t> size = written ? tree_size(root, input.diff_dir) : Result<uint64_t>(written.error());
      if (!size) {
        return size.error();
      }
      result.matches = true;
      result.habit = habits[*winner].name() + (order == PackOrder::Paths ? ", sorted by path" : "");
      result.tree_bytes = *size;
      return result;
    }
  }
  result.reason = "none of " + std::to_string(result.habits_tried) + " known ways of packing gives its diff ID";
  return result;
}

}  // namespace dfsck
