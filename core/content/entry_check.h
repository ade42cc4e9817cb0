// Compares one tar entry after the other with the tree. Everything but the contents of files.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/codec/tar/layer_stream.h"
#include "core/content/attributes.h"
#include "core/content/issue_log.h"
#include "core/content/merged_view.h"
#include "core/content/tree/tree_cursor.h"
#include "core/content/tree/xattr_names.h"
#include "core/content/verify.h"

namespace dfsck {

class EntryCheck {
 public:
  // All must outlive this. `tree` is diff/.
  EntryCheck(int tree, const LayerInput& input, Depth depth, MergedView& merged_view, IssueLog& log);

  // What has to be done for the payload of an entry that has one.
  struct Payload {
    bool lost = false;  // the file cannot supply it; the issue is logged
    Fd file;            // open, of the right size, for reading; only with Depth::Full
    int dir = -1;       // of the file: that it lies in, open until the next check
    uint64_t place = 0;
  };
  // The order of the tests is the daemon's: names before types, so that a directory called ".wh.x" deletes as a file
  // does.
  Payload check(const LayerEntry& entry);
  // The same for an error that somebody else had with the entry. True if it says nothing of the tree.
  bool ends_with(int error, const LayerEntry& entry) { return was_kept_from(error, "read", entry.path); }
  // Says what only the last header decides. To be called once, behind the last entry.
  // Only now is it known of every name whether a header explains it, which the search for extras and the judgement of
  // marks both need.
  void finish();

  // Hashes of all names that headers explain (name_hash).
  std::vector<uint64_t> take_explained() { return std::move(explained_); }
  // Why the tree does not hold what the tar was made from; empty if it does.
  const std::string& unverifiable() const { return unverifiable_; }
  // Something could not be looked at because of owners that this process's user namespace does not have.
  bool is_partly_out_of_sight() const { return out_of_sight_; }
  // An opaque mark that should be there was seen.
  bool shows_marks() const { return shows_marks_; }
  // One was not seen that may well be there: this process is not shown its kind.
  bool lacks_sight() const { return lacks_sight_; }
  // An access list was seen whose ids are shifted as the root's owners are.
  bool shows_shifted_acls() const { return shows_shifted_acls_; }
  // We were not let look at something, or could not: nothing is known of the layer then, and nothing wrong with it.
  const std::optional<Error>& failure() const { return failure_ ? failure_ : merged_view_.failure(); }
  uint64_t tree_bytes() const { return tree_bytes_; }

 private:
  struct Object;  // what was found under a name

  // Native extraction leaves a device 0:0. Through a mount the kernel leaves one only where there is something to hide,
  // so that none is no damage if nothing shines through.
  void check_whiteout(const LayerEntry& entry, std::string_view hidden);
  void check_opaque(const LayerEntry& entry);
  // Two names are looked at: the link's own, and the file that it should share an inode with, whose owner, mode, time
  // and attributes this header sets once more. The last header of an inode decides.
  void check_hard_link(const LayerEntry& entry);
  Payload check_object(const LayerEntry& entry);
  Payload check_file(const LayerEntry& entry, Object& object);
  // Owner, mode, time and extended attributes.
  // Attributes are read first, because owner and mode may stand in one of them.
  void check_metadata(const LayerEntry& entry, const Object& object, const std::string& path);
  void check_owner_and_mode(const LayerEntry& entry, const Object& object, const std::string& path);
  void check_xattrs(const LayerEntry& entry, const Object& object, const std::string& path);
  OtherAcls acls_of(const LayerEntry& entry, const Object& object);
  void check_link_target(const LayerEntry& entry, const Object& object);
  // A redirect or a metacopy says that the tree alone is not what the tar was made from: the daemon packs such a layer
  // through its mount.
  void note_overlay_marks(const Object& object, const std::string& path);

  // First within the layer, as the daemon unpacks. Only where that leads nowhere is the merged view asked: a name may
  // lead through a link of a layer below. The last failure is kept, because a lost directory is asked for once for each
  // of its files, and a merged look-up opens every lower.
  bool enter_parent(const LayerEntry& entry);
  bool is_out_of_sight(int error, std::string_view path);
  bool changes_nothing(uint64_t directory_inode, const std::string& path);
  // Stats `name` in the current directory of `cursor`; error() of the object is the errno.
  // Relative to an open directory, so that each entry costs one fstatat and no walk of its path.
  Object look_up(const TreeCursor& cursor, std::string_view name);
  // Absent is damage, unreadable is damage where the disk says so, and everything else was sorted out before.
  void report_absent(const LayerEntry& entry, int error, uint64_t place);
  void add(IssueKind kind, const LayerEntry& entry, std::string detail, IssueLog::Anchor anchor);
  // Whether the error says nothing of the tree: the check ends with it.
  // Refusals and failures of the environment end the check of this layer: the first of them becomes its state, and
  // nothing that was found before is reported, because it may follow from the same cause.
  bool was_kept_from(int error, std::string_view operation, std::string_view path);

  const LayerInput& input_;
  Depth depth_;
  MergedView& merged_view_;
  IssueLog& log_;
  TreeCursor cursor_;
  TreeCursor link_cursor_;  // of the files that hard links link to
  XattrNames xattrs_;
  std::string name_;         // last component, with its NUL
  std::string link_target_;  // cleaned
  std::vector<uint64_t> explained_;
  // Directories with an opaque mark, by inode: their paths, or nothing once a ".wh..wh..opq" explained the mark.
  std::unordered_map<uint64_t, std::optional<std::string>> opaque_;
  std::set<std::string, std::less<>> default_acl_dirs_;  // directories of the tar that hand a default ACL on
  std::set<std::string, std::less<>> hidden_dirs_;       // directories whose owner is hidden from us
  bool out_of_sight_ = false;
  bool shows_marks_ = false;
  bool lacks_sight_ = false;
  bool shows_shifted_acls_ = false;
  std::string absent_parent_;       // the last directory that no name leads to
  int absent_error_ = 0;            // 0: there was none yet
  bool has_blocked_paths_ = false;  // some entries were not found because a file stands in their way
  std::string unverifiable_;
  std::optional<Error> failure_;
  uint64_t tree_bytes_ = 0;
};

}  // namespace dfsck
