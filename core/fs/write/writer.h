// Changes of a data root, on the calls of core/fs/write/calls.h. Each function is one primitive change, made through an
// open parent directory and a plain name: nothing here resolves a path or follows a symbolic link, so nothing can leave
// the root that the directory was opened in. No policy: what may be changed, and in which order, is core/plan's affair.
//
// Errors are Io errors with the call and the path; EPERM on an immutable or append-only object says so. Nothing is
// overwritten and nothing removed, except by what begins with `remove_`. Not thread-safe in any way that matters: one
// thread writes to a root.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/fs/dir.h"
#include "core/fs/fd.h"
#include "core/fs/stat.h"

namespace dfsck {

// --- new objects; EEXIST where the name is taken ---

Result<void> make_directory(const Dir& parent, const std::string& name, uint32_t mode);
// A regular file of mode 0600 with these bytes. The descriptor is open for reading and writing, at its end.
Result<Fd> make_file(const Dir& parent, const std::string& name, std::string_view bytes);
Result<void> make_symlink(const Dir& parent, const std::string& name, const std::string& target);
// `type` is S_IFCHR, S_IFBLK or S_IFIFO.
Result<void> make_node(const Dir& parent, const std::string& name, uint32_t type, uint32_t major, uint32_t minor);
// Makes `name` in `parent` another name of `target` in `from`, which may be anything but a directory.
Result<void> make_hard_link(const Dir& from, const std::string& target, const Dir& parent, const std::string& name);

// --- names; both directories must be on one filesystem (EXDEV) ---

// Swaps two existing objects of any types, atomically. EINVAL where the filesystem cannot do that.
Result<void> exchange(const Dir& one, const std::string& name, const Dir& other, const std::string& other_name);
// Moves an object; EEXIST where the new name is taken.
Result<void> move(const Dir& from, const std::string& name, const Dir& to, const std::string& new_name);
// Moves an object of our own over another of our own (the stamp file), atomically.
Result<void> move_over(const Dir& from, const std::string& name, const Dir& to, const std::string& new_name);

// --- attributes of the object itself, never of what it links to ---

struct OwnerMode {
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint32_t mode = 0;  // permission bits with setuid, setgid and sticky; of no meaning for symbolic links
  friend bool operator==(const OwnerMode&, const OwnerMode&) = default;
};

// Sets owner and mode and leaves file capabilities as they were, which chown(2) alone would clear. Calls that would
// change nothing are not made, so that an ordinary user can "set" what is already so.
Result<void> set_owner_mode(const Dir& parent, const std::string& name, const OwnerMode& wanted);
// Sets the attribute, or removes it where there is no value; removing what is not there is no error.
Result<void> set_attribute(const Dir& parent, const std::string& name, const std::string& key,
                           const std::optional<std::string>& value);
Result<void> set_mtime(const Dir& parent, const std::string& name, FileTime time);
// The same for the open directory itself.
Result<void> set_mtime_of(const Dir& directory, FileTime time);

// --- durability ---

Result<void> sync_filesystem(const Dir& directory);  // everything on the filesystem that holds it
Result<void> sync_directory(const Dir& directory);
Result<void> sync_data(int fd, const std::string& where);

// --- contents of files of our own ---

// Opens an existing regular file for appending and reading.
Result<Fd> open_for_append(const Dir& parent, const std::string& name);
Result<void> append(int fd, std::string_view bytes, const std::string& where);
Result<void> write_at(int fd, uint64_t offset, std::string_view bytes, const std::string& where);
Result<void> cut_to(int fd, uint64_t size, const std::string& where);

// --- the only removals; for objects that this program made itself, and for purge ---

// Removes one object that is not a directory, or an empty directory.
Result<void> remove_object(const Dir& parent, const std::string& name);
// Removes an object with everything below it, without following links and without leaving its filesystem. Adds to
// `bytes` what that frees (blocks of what has no other name). Safe to call again where it was cut off.
Result<void> remove_tree(const Dir& parent, const std::string& name, uint64_t& bytes);

}  // namespace dfsck
