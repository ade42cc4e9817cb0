// Owner, mode, extended attributes, inode flags and times of one copied object.
#pragma once

#include <string>

#include "core/content/tree/xattr_names.h"
#include "core/fs/statx.h"
#include "core/migrate/copy_context.h"

namespace dfsck {

// What the target's object is known to be before its attributes are set.
struct MadeAs {
  bool just_now = false;    // by this process, owned by it, without extended attributes
  uint32_t mode = 0;        // permission bits that it was made with
  bool stays_open = false;  // it must not become immutable or append-only
};

// All attributes of a file or directory, through open descriptors; the times come last.
void copy_attributes(CopyContext& context, CopyUnit& unit, const std::string& path, int source, int target,
                     const Statx& info, MadeAs made);

// The same of what cannot be opened: links and nodes.
void copy_attributes_at(CopyContext& context, CopyUnit& unit, const std::string& path, int source_dir, int target_dir,
                        const std::string& name, const Statx& info, MadeAs made);

// Makes the object changeable if it is immutable or append-only. False where that fails.
bool take_guards_off(int file);
// The same by name, of files and directories.
bool take_guards_off(int dir, const char* name);

// Notes that a file of the target, whose guards had to be taken off for a link, gets those of its source when the unit
// is through.
void note_guards(CopyUnit& unit, int source_dir, const std::string& source_name, const std::string& path);

// Sets the flags that had to wait until no more links are made.
void set_guards(CopyContext& context, CopyUnit& unit);

}  // namespace dfsck
