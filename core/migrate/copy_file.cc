// Whether a file has to be made, and all about it but its bytes (copy_bytes.cc).
#include "core/migrate/copy_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "core/base/escape.h"
#include "core/base/path_text.h"
#include "core/base/patient_calls.h"
#include "core/fs/write/calls.h"
#include "core/fs/write/writer.h"
#include "core/migrate/copy_attributes.h"

namespace dfsck {
namespace {

bool may_be_kept(FileCopy::Existing existing) {
  return existing == FileCopy::Existing::Compare || existing == FileCopy::Existing::Rewrite;
}

// What an interrupted run left may have the right size and time and still hold zeros: a power cut keeps metadata that
// is on the disk and loses pages that are not.
bool holds_same_bytes(int one, int other, uint64_t size) {
  constexpr size_t kPiece = 128 * 1024;
  const std::unique_ptr<char[]> buffer(new char[2 * kPiece]);
  for (uint64_t at = 0; at < size;) {
    const ssize_t got = patient::pread(one, buffer.get(), kPiece, static_cast<off_t>(at));
    if (got <= 0 || patient::pread(other, buffer.get() + kPiece, kPiece, static_cast<off_t>(at)) != got ||
        std::memcmp(buffer.get(), buffer.get() + kPiece, static_cast<size_t>(got)) != 0) {
      return false;
    }
    at += static_cast<uint64_t>(got);
  }
  return true;
}

}  // namespace

// Only in the target, and only what a run before this one or a stranger left at a name that the source has. Its
// guards go first, or it could not be removed.
bool clear_name(CopyContext& context, CopyUnit& unit, const Dir& target, const std::string& name,
                const std::string& path) {
  Statx info;
  if (read_statx(target.fd(), name.c_str(), info) != 0) {
    return true;
  }
  if (info.is_guarded) {
    take_guards_off(target.fd(), name.c_str());
  }
  uint64_t freed = 0;
  if (const Result<void> removed = remove_tree(target, name, freed); !removed) {
    target_failed(context, unit, ProblemKind::Unmakeable, removed.error().code, "remove what is in its place", path);
    return false;
  }
  return true;
}

bool FileCopy::open_source() {
  if (source_.file < 0) {
    own_source_ = open_for_reading(source_.dir, source_.name.c_str());
    if (!own_source_) {
      source_failed(context_, unit_, errno, "open", source_.path);
      return false;
    }
    source_.file = own_source_.get();
  }
  return true;
}

// One inode with several names is copied once: the first thread that meets one of its names makes the file, all
// others link to it. Until its claim is published or given up they wait, so every way out of here does one of the
// two.
FileCopy::Begun FileCopy::begin(const Dir& target, Source source, Existing existing) {
  drop();
  source_ = std::move(source);
  const FileStat& stat = source_.info.stat;
  if (stat.links > 1) {
    if (const std::optional<std::string> first =
            context_.links.claim(context_.link_key(source_.path, stat), stat.links)) {
      link_to(target, *first, existing);
      if (!claimed_) {
        return Begun::Settled;
      }
    }
    claimed_ = true;
  }
  if (may_be_kept(existing) && take_existing(target, existing)) {
    return Begun::Settled;
  }
  if (context_.stopped() || !open_source()) {
    drop();
    return Begun::Failed;
  }
  made_mode_ = stat.mode & 0777U & ~context_.umask;
  int code = make_file_at(target.fd(), source_.name.c_str(), made_mode_, target_);
  // A layer's tar can hold the same file twice through different names of its directory.
  if (code == EEXIST && existing == Existing::Leave) {
    drop();
    return Begun::Settled;
  }
  if (code == EEXIST && clear_name(context_, unit_, target, source_.name, source_.path)) {
    code = make_file_at(target.fd(), source_.name.c_str(), made_mode_, target_);
  }
  if (code != 0) {
    target_failed(context_, unit_, ProblemKind::Unmakeable, code, "make file", source_.path);
    drop();
    return Begun::Failed;
  }
  // As soon as the file has a name, before it has its bytes: a link does not care, and nobody waits longer than
  // needed.
  if (claimed_) {
    context_.links.publish(context_.link_key(source_.path, stat), source_.path);
    claimed_ = false;
  }
  is_sparse_ = stat.blocks * 512 < stat.size;
  data_begin_ = data_end_ = end_ = lost_ = 0;
  found_end_ = stat.size;
  lost_code_ = 0;
  sum_ = BlockSum();
  return Begun::Write;
}

// Where the target allows no more links (EMLINK), the name becomes a file of its own: its bytes are right, and what
// is lost is said.
void FileCopy::link_to(const Dir& target, const std::string& first, Existing existing) {
  const std::string first_name(last_name(first));
  const Result<Dir> dir = open_far_dir(context_.target, parent_path(first));
  if (!dir) {
    target_failed(context_, unit_, ProblemKind::Unmakeable, dir.error().code, "link", source_.path);
    return;
  }
  Statx have;
  Statx wanted;
  const bool there = read_statx(target.fd(), source_.name.c_str(), have) == 0;
  if (there && read_statx(dir->fd(), first_name.c_str(), wanted) == 0 && have.stat.inode == wanted.stat.inode) {
    unit_.tally.links.fetch_add(first != source_.path ? 1 : 0, std::memory_order_relaxed);
    return;
  }
  if (there && may_be_kept(existing) && !clear_name(context_, unit_, target, source_.name, source_.path)) {
    return;
  }
  Result<void> linked = make_hard_link(*dir, first_name, target, source_.name);
  if (!linked && linked.error().is_io(EPERM) && take_guards_off(dir->fd(), first_name.c_str())) {
    linked = make_hard_link(*dir, first_name, target, source_.name);
    note_guards(unit_, source_.dir, source_.name, first);
  }
  if (linked) {
    unit_.tally.links.fetch_add(1, std::memory_order_relaxed);
  } else if (linked.error().is_io(EMLINK)) {
    unit_.tally.add(
        {ProblemKind::Attribute, source_.path, EMLINK, 0, "is a file of its own: the target allows no more links"});
    claimed_ = true;
  } else {
    target_failed(context_, unit_, ProblemKind::Unmakeable, linked.error().code, "link", source_.path);
  }
}

// Size and time of modification prove that an earlier run was through with the file, because it sets the time last.
// They do not prove that the bytes reached the disk, and not that the source's file is still the one that was read:
// take_existing() asks for more.
bool FileCopy::may_keep(const Statx& have) const {
  const FileStat& stat = source_.info.stat;
  if (unit_.keeps_nothing || !have.stat.is_file() || have.stat.size != stat.size || have.stat.mtime != stat.mtime ||
      have.stat.uid != stat.uid || have.stat.gid != stat.gid ||
      (!unit_.suspects.empty() && unit_.suspects.count(escaped(source_.path)) > 0)) {
    return false;
  }
  // What are two files in the source must not stay one in the target.
  return stat.links > 1 ? context_.links.take_inode(have.stat.inode, context_.link_key(source_.path, stat))
                        : have.stat.links == 1;
}

bool FileCopy::take_existing(const Dir& target, Existing existing) {
  Statx have;
  if (read_statx(target.fd(), source_.name.c_str(), have) != 0) {
    return false;
  }
  if (may_keep(have) && open_source()) {
    const FileStat& stat = source_.info.stat;
    const Fd file(open_for_reading(target.fd(), source_.name.c_str()));
    // Nothing has changed the source's file since the migration began: its time of change is older, which no program
    // can set back, and one boot means that the page cache has what was written.
    const bool trusted = context_.trusted_before && stat.ctime < *context_.trusted_before;
    if (file && (trusted || (existing == Existing::Compare && holds_same_bytes(source_.file, file.get(), stat.size)))) {
      if (claimed_) {
        context_.links.publish(context_.link_key(source_.path, stat), source_.path);
        claimed_ = false;
      }
      if (have.is_guarded) {
        take_guards_off(file.get());
      }
      copy_attributes(context_, unit_, source_.path, source_.file, file.get(), source_.info, {});
      unit_.tally.kept.fetch_add(1, std::memory_order_relaxed);
      unit_.content_known = false;
      context_.progress.add_bytes(stat.size);
      return true;
    }
  }
  // Where that fails, making the file will tell.
  return !clear_name(context_, unit_, target, source_.name, source_.path);
}

// Size first, for a hole at the end of the file; attributes last, with the time that marks it as whole. A file that
// lost bytes is noted as suspect before it gets that time.
void FileCopy::finish() {
  if (context_.stopped() || !target_) {
    drop();
    return;
  }
  if (end_ != found_end_) {
    if (const int code = set_size(target_.get(), found_end_); code != 0) {
      target_failed(context_, unit_, ProblemKind::Unmakeable, code, "set size", source_.path);
    }
  }
  if (lost_ > 0) {
    unit_.tally.add({ProblemKind::LostBytes, source_.path, lost_code_, lost_, errno_text(lost_code_)});
    context_.note_suspect(unit_, source_.path);
  }
  if (hashes()) {
    unit_.content.add(content_item(source_.path, found_end_, sum_.finish(found_end_)));
  }
  copy_attributes(context_, unit_, source_.path, source_.file, target_.get(), source_.info,
                  {.just_now = true, .mode = made_mode_});
  drop();
}

// Files with several names are compared name by name when they are read back: which name is written first is chance.
bool FileCopy::hashes() const { return context_.verify == CopyVerify::Full && source_.info.stat.links == 1; }

// A claim that nobody will keep is given up, or all who have other names of the file would wait for ever.
void FileCopy::drop() {
  if (claimed_) {
    context_.links.abandon(context_.link_key(source_.path, source_.info.stat));
    claimed_ = false;
  }
  target_.reset();
  own_source_.reset();
  source_.file = -1;
}

void copy_file(FileCopy& copy, const Dir& target, FileCopy::Source source, FileCopy::Existing existing) {
  if (copy.begin(target, std::move(source), existing) == FileCopy::Begun::Write) {
    copy.copy_all();
    copy.finish();
  }
}

}  // namespace dfsck
