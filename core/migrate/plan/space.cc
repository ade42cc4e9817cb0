// Sums over trees: directories are taken from one stack in batches, each batch in parallel, so that one huge volume is
// walked by all threads and memory stays small.
#include "core/migrate/plan/space.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <iterator>
#include <set>

#include "core/base/escape.h"
#include "core/base/patient_calls.h"
#include "core/base/text.h"
#include "core/content/tree/directory_reader.h"
#include "core/fs/area_links.h"
#include "core/run/parallel.h"

namespace dfsck {
namespace {

constexpr uint64_t kSector = 512;      // st_blocks counts these
constexpr uint64_t kEntryBytes = 32;   // of a directory's entry, with a name of usual length
constexpr uint64_t kInlineLink = 60;   // the target of a shorter link lies in the inode (ext4; xfs takes more)
constexpr uint64_t kZfs = 0x2fc12fc1;  // compresses: blocks say nothing about sizes
constexpr size_t kReadersAtOnce = 64;

uint64_t rounded_up(uint64_t bytes, uint64_t block) { return (bytes + block - 1) / block * block; }

struct DirectoryJob {
  RelPath path;
  size_t unit = 0;
};

// Keeps the first ones of all that it is given, whatever their order.
// Sorted and cut from time to time: what is kept is the same whatever order threads bring it in, with a bounded
// memory.
template <typename Item>
class FirstOnes {
 public:
  void add(std::vector<Item>& items) {
    std::move(items.begin(), items.end(), std::back_inserter(items_));
    items.clear();
    if (items_.size() > 2 * SpaceNeed::kMaxListed) {
      cut();
    }
  }
  std::vector<Item> take() {
    cut();
    return std::move(items_);
  }

 private:
  void cut() {
    std::sort(items_.begin(), items_.end());
    items_.resize(std::min(items_.size(), SpaceNeed::kMaxListed));
  }
  std::vector<Item> items_;
};

// What one directory holds.
struct DirectoryYield {
  SpaceSum sum;
  std::vector<std::string> sockets;
  std::vector<RefusedPlace> refused;
  std::vector<OldLink> old_links;
  TreeCount count;
  std::vector<DirectoryJob> below;
  std::vector<std::pair<FileIdentity, SpaceSum>> linked;  // files with several names
  int error = 0;
};

// Directories are looked into by many threads; sums, the stack and the sets belong to the one that hands out the
// batches, so they need no lock and come out the same at any number of jobs.
class SpaceWalk {
 public:
  enum class Crossing { Everything, Nothing };

  SpaceWalk(const Root& root, Crossing crossing, const OmitFilter& filter, const MeasureWishes& wishes, uint64_t block,
            unsigned jobs, const Cancel& cancel, Progress& progress)
      : root_(root),
        crossing_(crossing),
        wishes_(wishes),
        filter_(filter),
        block_(std::max<uint64_t>(block, kSector)),
        jobs_(std::max(jobs, 1U)),
        cancel_(cancel),
        progress_(progress),
        readers_(kReadersAtOnce) {
    const Result<Dir> top = root.open_dir(RelPath());
    const Result<FileStat> stat = top ? top->stat_self() : top.error();
    device_ = stat ? stat->device : 0;
    trusts_blocks_ = !top || trusts_blocks_of(*top);
  }

  struct Measured {
    SpaceSum sum;
    TreeCount count;
  };

  struct Tree {
    RelPath path;
    bool alone = false;        // a directory without what is in it
    bool lists_links = false;  // see MeasureWishes::old_places
  };

  // By tree, in their order.
  std::vector<Measured> run(std::vector<Tree> trees) {
    trees_ = std::move(trees);
    measured_.resize(trees_.size());
    look_at_mounts();
    for (size_t i = 0; i < trees_.size(); ++i) {
      begin(trees_[i].path, trees_[i].alone, i);
    }
    // The first unit's directories lie on top of the stack.
    std::reverse(stack_.begin(), stack_.end());
    while (!stack_.empty() && !cancel_.requested()) {
      const size_t count = std::min(kReadersAtOnce, stack_.size());
      std::vector<DirectoryJob> batch(std::make_move_iterator(stack_.end() - static_cast<std::ptrdiff_t>(count)),
                                      std::make_move_iterator(stack_.end()));
      stack_.resize(stack_.size() - count);
      std::reverse(batch.begin(), batch.end());
      std::vector<DirectoryYield> yields(count);
      for_each_index(count, jobs_, cancel_, [&](size_t i) { look_into(batch[i], readers_[i], yields[i]); });
      for (size_t i = 0; i < count; ++i) {
        take(batch[i], yields[i]);
      }
      progress_.add_items(count);
    }
    return std::move(measured_);
  }

  void move_failures(SpaceNeed& need) {
    std::sort(failures_.begin(), failures_.end());
    for (auto& [path, code] : failures_) {
      if (need.failures.size() < SpaceNeed::kMaxFailures) {
        need.failures.push_back({escaped(path), code});
      } else {
        ++need.failures_dropped;
      }
    }
    need.sockets = sockets_.take();
    need.refused = refused_.take();
    need.old_links = old_links_.take();
    need.cancelled = cancel_.requested();
  }

 private:
  // They may themselves be what is refused, and then no walk meets them from above.
  // A target that is mounted inside of the source, say: copying it would have no end.
  void look_at_mounts() {
    std::vector<RefusedPlace> met;
    for (const std::string& path : wishes_.mounts) {
      const std::optional<RelPath> place = RelPath::parse(path);
      const Result<FileStat> stat = place ? root_.stat_dir(*place) : format_error("look at", "", "");
      if (const size_t which = stat ? refused_index(stat->device, stat->inode) : wishes_.refused.size();
          which < wishes_.refused.size()) {
        met.push_back({path, which});
      }
    }
    refused_.add(met);
  }

  void begin(const RelPath& path, bool alone, size_t unit) {
    Result<FileStat> stat = root_.stat(path);
    if (const AreaLink* link = root_.area_links().at(path); stat && link != nullptr && link->is_followed()) {
      stat = root_.stat_dir(path);
    }
    if (!stat) {
      if (!stat.error().is_io(ENOENT)) {
        failures_.emplace_back(path.bytes(), stat.error().code);
      }
      return;
    }
    if (!is_entered(stat->device)) {
      return;
    }
    const SpaceSum own = sum_of(stat->mode, stat->size, stat->blocks, trusts_blocks_);
    measured_[unit].count += count_of(stat->mode, stat->size);
    if (stat->is_dir()) {
      measured_[unit].sum += own;
      if (!alone) {
        stack_.push_back({path, unit});
      }
    } else if (stat->links == 1 || seen_.insert(identity(path.bytes(), stat->device, stat->inode)).second) {
      measured_[unit].sum += own;
    }
  }

  bool is_entered(uint64_t device) const { return crossing_ == Crossing::Everything || device == device_; }

  // The same as what a copy makes one file of.
  // A bind mount shows one inode at two places, and a copy makes two files of it: the room for both is needed.
  FileIdentity identity(std::string_view path, uint64_t device, uint64_t inode) const {
    return {device ^ std::hash<std::string_view>{}(innermost(wishes_.mounts, path)), inode};
  }

  // Its index in the wishes, or their number.
  size_t refused_index(uint64_t device, uint64_t inode) const {
    const auto found = std::find(wishes_.refused.begin(), wishes_.refused.end(), FileIdentity{device, inode});
    return static_cast<size_t>(found - wishes_.refused.begin());
  }

  bool leads_to_old_place(const std::string& target) const {
    return std::any_of(wishes_.old_places.begin(), wishes_.old_places.end(),
                       [&](const std::string& place) { return target == place || target.starts_with(place + "/"); });
  }

  void note_link(const Dir& dir, const char* name, const std::string& path, DirectoryYield& yield) const {
    Result<std::string> target = dir.read_link(name);
    if (target && leads_to_old_place(*target)) {
      yield.old_links.push_back({path, std::move(*target)});
    }
  }

  static TreeCount count_of(uint32_t mode, uint64_t size) { return {1, S_ISREG(mode) ? size : 0}; }

  static bool trusts_blocks_of(const Dir& dir) {
    const Result<FilesystemFacts> facts = filesystem_facts(dir);
    return !facts || facts->magic != kZfs;
  }

  // What the copy will take, not what the source takes: holes stay holes, whole blocks of the target's size are
  // counted, and a source that compresses says too little by its blocks.
  SpaceSum sum_of(uint32_t mode, uint64_t size, uint64_t blocks, bool trusts_blocks) const {
    SpaceSum sum;
    sum.inodes = 1;
    if (S_ISREG(mode)) {
      sum.files = 1;
      const bool holds_all = !trusts_blocks || size <= block_;  // small files may lie in the inode, without blocks
      sum.content_bytes = holds_all ? size : std::min(size, blocks * kSector);
      sum.disk_bytes = rounded_up(sum.content_bytes, block_);
    } else if (S_ISDIR(mode)) {
      sum.disk_bytes = block_;
    } else if (S_ISLNK(mode) && size >= kInlineLink) {
      sum.disk_bytes = block_;
    }
    return sum;
  }

  void look_into(const DirectoryJob& job, DirectoryReader& reader, DirectoryYield& yield) const {
    const Result<Dir> dir = root_.open_dir(job.path);
    if (!dir) {
      yield.error = dir.error().code;
      return;
    }
    const Result<FileStat> self = dir->stat_self();
    const bool trusts_blocks = self && self->device == device_ ? trusts_blocks_ : trusts_blocks_of(*dir);
    uint64_t entries = 0;
    const std::string prefix = job.path.is_root() ? "" : job.path.bytes() + "/";
    yield.error = reader.read(dir->fd(), [&](const char* name, uint32_t type) {
      ++entries;
      if (filter_ && filter_(prefix + name, type)) {
        return true;
      }
      struct ::stat raw {};
      if (patient::fstatat(dir->fd(), name, &raw, AT_SYMLINK_NOFOLLOW) != 0 || !is_entered(raw.st_dev)) {
        return true;
      }
      if (S_ISSOCK(raw.st_mode)) {
        yield.sockets.push_back(prefix + name);
        return true;
      }
      const auto size = static_cast<uint64_t>(raw.st_size);
      const SpaceSum sum = sum_of(raw.st_mode, size, static_cast<uint64_t>(raw.st_blocks), trusts_blocks);
      yield.count += count_of(raw.st_mode, size);
      if (S_ISLNK(raw.st_mode) && trees_[job.unit].lists_links && !wishes_.old_places.empty()) {
        note_link(*dir, name, prefix + name, yield);
      }
      if (S_ISDIR(raw.st_mode)) {
        if (const size_t which = refused_index(raw.st_dev, raw.st_ino); which < wishes_.refused.size()) {
          yield.refused.push_back({prefix + name, which});
          return true;  // it could have no end
        }
        yield.sum += sum;
        yield.below.push_back({job.path / name, job.unit});
      } else if (raw.st_nlink > 1) {
        yield.linked.emplace_back(identity(prefix + name, raw.st_dev, raw.st_ino), sum);
      } else {
        yield.sum += sum;
      }
      return true;
    });
    // A directory of many names needs more than the one block that was counted for it.
    if (entries * kEntryBytes > block_) {
      yield.sum.disk_bytes += rounded_up(entries * kEntryBytes, block_) - block_;
    }
  }

  void take(const DirectoryJob& job, DirectoryYield& yield) {
    if (yield.error != 0 && yield.error != ENOENT) {
      failures_.emplace_back(job.path.bytes(), yield.error);
    }
    SpaceSum& sum_of_unit = measured_[job.unit].sum;
    sum_of_unit += yield.sum;
    measured_[job.unit].count += yield.count;
    sockets_.add(yield.sockets);
    refused_.add(yield.refused);
    old_links_.add(yield.old_links);
    // A file with several names counts where it is met first. That is the same at every run, since batches are put
    // together in their order.
    for (const auto& [inode, sum] : yield.linked) {
      if (seen_.insert(inode).second) {
        sum_of_unit += sum;
      }
    }
    // What the disk lists first is no order that can be relied on.
    std::sort(yield.below.begin(), yield.below.end(),
              [](const DirectoryJob& one, const DirectoryJob& other) { return other.path < one.path; });
    std::move(yield.below.begin(), yield.below.end(), std::back_inserter(stack_));
  }

  const Root& root_;
  const Crossing crossing_;
  const MeasureWishes& wishes_;
  const OmitFilter filter_;
  const uint64_t block_;
  const unsigned jobs_;
  const Cancel& cancel_;
  Progress& progress_;
  std::vector<DirectoryReader> readers_;
  uint64_t device_ = 0;
  bool trusts_blocks_ = true;
  std::vector<DirectoryJob> stack_;
  std::vector<Measured> measured_;
  std::vector<Tree> trees_;
  FirstOnes<std::string> sockets_;
  FirstOnes<RefusedPlace> refused_;
  FirstOnes<OldLink> old_links_;
  std::set<FileIdentity> seen_;
  std::vector<std::pair<std::string, int>> failures_;
};

}  // namespace

SpaceSum& SpaceSum::operator+=(const SpaceSum& other) {
  content_bytes += other.content_bytes;
  disk_bytes += other.disk_bytes;
  inodes += other.inodes;
  files += other.files;
  return *this;
}

SpaceNeed measure_units(const Root& root, std::vector<MigrationUnit>& units, const OmitFilter& filter, uint64_t block,
                        unsigned jobs, const Cancel& cancel, Progress& progress, const MeasureWishes& wishes) {
  std::vector<SpaceWalk::Tree> trees;
  for (const MigrationUnit& unit : units) {
    trees.push_back({unit.path, unit.kind == MigrationUnit::Kind::Directory, unit.area == CopyArea::Volumes});
  }
  SpaceWalk walk(root, SpaceWalk::Crossing::Everything, filter, wishes, block, jobs, cancel, progress);
  const std::vector<SpaceWalk::Measured> measured = walk.run(std::move(trees));
  SpaceNeed need;
  for (size_t i = 0; i < units.size(); ++i) {
    units[i].expected_bytes = measured[i].sum.content_bytes;
    units[i].count = measured[i].count;
    need.by_area[static_cast<size_t>(units[i].area)] += measured[i].sum;
    need.total += measured[i].sum;
  }
  walk.move_failures(need);
  return need;
}

void measure_omissions(const Root& root, std::vector<Omission>& omissions, unsigned jobs, const Cancel& cancel,
                       Progress& progress) {
  std::vector<SpaceWalk::Tree> trees;
  for (const Omission& omission : omissions) {
    trees.push_back({omission.path});
  }
  const MeasureWishes none;
  SpaceWalk walk(root, SpaceWalk::Crossing::Nothing, nullptr, none, kSector, jobs, cancel, progress);
  const std::vector<SpaceWalk::Measured> measured = walk.run(std::move(trees));
  for (size_t i = 0; i < omissions.size(); ++i) {
    const SpaceSum& sum = measured[i].sum;
    const uint64_t itself = omissions[i].contents_only && sum.inodes > 0 ? 1 : 0;
    omissions[i].bytes = sum.content_bytes;
    omissions[i].inodes = sum.inodes - itself;
  }
}

// Reserves are small next to what a copy takes, and meant to be a little too large: a copy that stops full at 99 %
// has cost hours, one that is refused for a few megabytes has cost a minute.
SpaceVerdict judge_space(const SpaceNeed& need, const SpaceSum& present, const FilesystemFacts& target) {
  // Inodes that are made as needed, extended attributes and lists of extents that do not fit into inodes, the journal.
  constexpr uint64_t kReserve = 16ULL << 20;
  constexpr uint64_t kPerInode = 512;
  constexpr uint64_t kShare = 200;  // 0.5 %
  const auto without = [](uint64_t all, uint64_t part) { return all > part ? all - part : 0; };
  SpaceVerdict verdict;
  const uint64_t bytes = without(need.total.disk_bytes, present.disk_bytes);
  verdict.need_inodes = without(need.total.inodes, present.inodes);
  verdict.need_bytes = bytes + bytes / kShare + verdict.need_inodes * kPerInode + kReserve;
  verdict.free_bytes = target.free_bytes;
  if (target.total_inodes > 0) {
    verdict.free_inodes = target.free_inodes;
  }
  if (verdict.need_bytes > verdict.free_bytes) {
    verdict.problem =
        "needs " + human_bytes(verdict.need_bytes) + ", but only " + human_bytes(verdict.free_bytes) + " are free";
  } else if (verdict.free_inodes && verdict.need_inodes > *verdict.free_inodes) {
    verdict.problem = "needs " + counted(verdict.need_inodes, "inode") + ", but only " +
                      std::to_string(*verdict.free_inodes) + " are free";
  }
  verdict.fits = verdict.problem.empty();
  return verdict;
}

}  // namespace dfsck
