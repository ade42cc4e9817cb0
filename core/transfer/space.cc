// Sums over trees: directories are taken from one stack in batches, each batch in parallel, so that one huge volume is
// walked by all threads and memory stays small.
#include "core/transfer/space.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "core/base/escape.h"
#include "core/base/patient_calls.h"
#include "core/base/text.h"
#include "core/content/directory_reader.h"
#include "core/run/parallel.h"

namespace dfsck {
namespace {

constexpr uint64_t kSector = 512;          // st_blocks counts these
constexpr uint64_t kEntryBytes = 32;       // of a directory's entry, with a name of usual length
constexpr uint64_t kInlineLink = 60;       // the target of a shorter link lies in the inode (ext4; xfs takes more)
constexpr uint64_t kZfs = 0x2fc12fc1;      // compresses: blocks say nothing about sizes
constexpr size_t kBatch = 64;

uint64_t rounded_up(uint64_t bytes, uint64_t block) {
  return (bytes + block - 1) / block * block;
}

struct DirectoryJob {
  RelPath path;
  size_t unit = 0;
};

struct Inode {
  uint64_t device = 0;
  uint64_t number = 0;
  friend auto operator<=>(const Inode&, const Inode&) = default;
};

// What one directory holds.
struct DirectoryYield {
  SpaceSum sum;
  std::vector<DirectoryJob> below;
  std::vector<std::pair<Inode, SpaceSum>> linked;  // files with several names
  int error = 0;
};

class SpaceWalk {
 public:
  SpaceWalk(const Root& root, const OmitFilter& filter, uint64_t block, unsigned jobs, const Cancel& cancel,
            Progress& progress)
      : root_(root), filter_(filter), block_(std::max<uint64_t>(block, kSector)), jobs_(std::max(jobs, 1U)),
        cancel_(cancel), progress_(progress), readers_(kBatch) {
    const Result<Dir> top = root.open_dir(RelPath());
    const Result<FileStat> stat = top ? top->stat_self() : top.error();
    device_ = stat ? stat->device : 0;
    const Result<FilesystemFacts> facts = top ? filesystem_facts(*top) : top.error();
    trusts_blocks_ = !facts || facts->magic != kZfs;
  }

  // Sums by unit, in the order of the paths.
  std::vector<SpaceSum> run(const std::vector<RelPath>& paths, const std::vector<bool>& alone) {
    sums_.resize(paths.size());
    for (size_t i = 0; i < paths.size(); ++i) {
      begin(paths[i], alone[i], i);
    }
    // The first unit's directories lie on top of the stack.
    std::reverse(stack_.begin(), stack_.end());
    while (!stack_.empty() && !cancel_.requested()) {
      const size_t count = std::min(kBatch, stack_.size());
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
    return std::move(sums_);
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
    need.cancelled = cancel_.requested();
  }

 private:
  void begin(const RelPath& path, bool alone, size_t unit) {
    const Result<FileStat> stat = root_.stat(path);
    if (!stat) {
      if (!stat.error().is_io(ENOENT)) {
        failures_.emplace_back(path.bytes(), stat.error().code);
      }
      return;
    }
    if (stat->device != device_) {
      return;
    }
    const SpaceSum own = sum_of(stat->mode, stat->size, stat->blocks);
    if (stat->is_dir()) {
      sums_[unit] += own;
      if (!alone) {
        stack_.push_back({path, unit});
      }
    } else if (stat->links == 1 || seen_.insert({stat->device, stat->inode}).second) {
      sums_[unit] += own;
    }
  }

  SpaceSum sum_of(uint32_t mode, uint64_t size, uint64_t blocks) const {
    SpaceSum sum;
    sum.inodes = 1;
    if (S_ISREG(mode)) {
      sum.files = 1;
      const bool holds_all = !trusts_blocks_ || size <= block_;  // small files may lie in the inode, without blocks
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
    uint64_t entries = 0;
    const std::string prefix = job.path.is_root() ? "" : job.path.bytes() + "/";
    yield.error = reader.read(dir->fd(), [&](const char* name, uint32_t type) {
      ++entries;
      if (filter_ && filter_(prefix + name, type)) {
        return true;
      }
      struct ::stat raw {};
      if (patient::fstatat(dir->fd(), name, &raw, AT_SYMLINK_NOFOLLOW) != 0 || raw.st_dev != device_ ||
          S_ISSOCK(raw.st_mode)) {
        return true;
      }
      const SpaceSum sum =
          sum_of(raw.st_mode, static_cast<uint64_t>(raw.st_size), static_cast<uint64_t>(raw.st_blocks));
      if (S_ISDIR(raw.st_mode)) {
        yield.sum += sum;
        yield.below.push_back({job.path / name, job.unit});
      } else if (raw.st_nlink > 1) {
        yield.linked.emplace_back(Inode{raw.st_dev, raw.st_ino}, sum);
      } else {
        yield.sum += sum;
      }
      return true;
    });
    if (entries * kEntryBytes > block_) {
      yield.sum.disk_bytes += rounded_up(entries * kEntryBytes, block_) - block_;
    }
  }

  void take(const DirectoryJob& job, DirectoryYield& yield) {
    if (yield.error != 0 && yield.error != ENOENT) {
      failures_.emplace_back(job.path.bytes(), yield.error);
    }
    sums_[job.unit] += yield.sum;
    for (const auto& [inode, sum] : yield.linked) {
      if (seen_.insert(inode).second) {
        sums_[job.unit] += sum;
      }
    }
    // What the disk lists first is no order that can be relied on.
    std::sort(yield.below.begin(), yield.below.end(),
              [](const DirectoryJob& one, const DirectoryJob& other) { return other.path < one.path; });
    std::move(yield.below.begin(), yield.below.end(), std::back_inserter(stack_));
  }

  const Root& root_;
  const OmitFilter filter_;
  const uint64_t block_;
  const unsigned jobs_;
  const Cancel& cancel_;
  Progress& progress_;
  std::vector<DirectoryReader> readers_;
  uint64_t device_ = 0;
  bool trusts_blocks_ = true;
  std::vector<DirectoryJob> stack_;
  std::vector<SpaceSum> sums_;
  std::set<Inode> seen_;
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

SpaceNeed measure_units(const Root& root, std::vector<PlannedUnit>& units, const OmitFilter& filter, uint64_t block,
                        unsigned jobs, const Cancel& cancel, Progress& progress) {
  std::vector<RelPath> paths;
  std::vector<bool> alone;
  for (const PlannedUnit& unit : units) {
    paths.push_back(unit.path);
    alone.push_back(unit.kind == PlannedUnit::Kind::Directory);
  }
  SpaceWalk walk(root, filter, block, jobs, cancel, progress);
  const std::vector<SpaceSum> sums = walk.run(paths, alone);
  SpaceNeed need;
  for (size_t i = 0; i < units.size(); ++i) {
    units[i].expected_bytes = sums[i].content_bytes;
    need.by_area[static_cast<size_t>(units[i].area)] += sums[i];
    need.total += sums[i];
  }
  walk.move_failures(need);
  return need;
}

void measure_omissions(const Root& root, std::vector<Omission>& omissions, unsigned jobs, const Cancel& cancel,
                       Progress& progress) {
  std::vector<RelPath> paths;
  for (const Omission& omission : omissions) {
    paths.push_back(omission.path);
  }
  SpaceWalk walk(root, nullptr, kSector, jobs, cancel, progress);
  const std::vector<SpaceSum> sums = walk.run(paths, std::vector<bool>(paths.size()));
  for (size_t i = 0; i < omissions.size(); ++i) {
    const uint64_t itself = omissions[i].contents_only && sums[i].inodes > 0 ? 1 : 0;
    omissions[i].bytes = sums[i].content_bytes;
    omissions[i].inodes = sums[i].inodes - itself;
  }
}

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
    verdict.problem = "needs " + human_bytes(verdict.need_bytes) + ", but only " + human_bytes(verdict.free_bytes) +
                      " are free";
  } else if (verdict.free_inodes && verdict.need_inodes > *verdict.free_inodes) {
    verdict.problem = "needs " + counted(verdict.need_inodes, "inode") + ", but only " +
                      std::to_string(*verdict.free_inodes) + " are free";
  }
  verdict.fits = verdict.problem.empty();
  return verdict;
}

}  // namespace dfsck
