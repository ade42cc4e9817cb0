// The system calls that change something on a disk; nothing else in this program does. One call each, with no words:
// what a failure means is said by whoever calls (core/fs/write/writer.h for changes of a root, core/migrate for
// copies).
//
// As there, nothing resolves a path. All functions give 0 or an errno and may be called by many threads at once, on
// different objects.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/fs/fd.h"
#include "core/fs/stat.h"

namespace dfsck {

// An object that is changed: an open one, which may be open for reading only, or a name in an open directory, itself
// and never what it links to. A name is for what cannot be opened: links, nodes, FIFOs, sockets.
struct ObjectAt {
  int fd;
  const char* name = nullptr;
};

// --- new objects; EEXIST where the name is taken ---

enum class WritesAt { AnyPlace, TheEnd };
// A regular file, open for reading and writing. `mode`: permission bits, of which the process's umask takes its part.
int make_file_at(int dir, const char* name, uint32_t mode, Fd& file, WritesAt where = WritesAt::AnyPlace);
// One without a name; EOPNOTSUPP, EISDIR or ENOENT where the filesystem has no such thing.
int make_unnamed_file(int dir, uint32_t mode, Fd& file);
int name_file(int file, int dir, const char* name);
int make_directory_at(int dir, const char* name, uint32_t mode);
int make_symlink_at(int dir, const char* name, const char* target);
int make_node_at(int dir, const char* name, uint32_t type_and_mode, uint32_t major, uint32_t minor);
int link_at(int from, const char* target, int dir, const char* name);

// --- names ---

int rename_at(int from, const char* name, int to, const char* new_name, unsigned flags);
int remove_at(int dir, const char* name, bool is_directory);

// --- contents ---

// For appending and reading; a name that is no link.
int open_to_append(int dir, const char* name, Fd& file);
int open_output(const char* path, Fd& file);
int append_all(int file, std::string_view bytes);
int write_all_at(int file, std::string_view bytes, uint64_t offset);
// Makes `to` share all blocks of `from`, which needs a filesystem that can do that (EOPNOTSUPP, EXDEV, EINVAL, ENOTTY).
int clone_bytes(int from, int to);
// Copies inside the kernel; `copied` may be less than asked for, 0 at the end of the file.
int copy_bytes(int from, int to, uint64_t offset, uint64_t length, uint64_t& copied);
int set_size(int file, uint64_t size);

// --- attributes ---

int set_owner(ObjectAt object, uint32_t uid, uint32_t gid);
int set_mode(ObjectAt object, uint32_t mode);  // no link has one
// The time of access stays as it is where there is none.
int set_times(ObjectAt object, const std::optional<FileTime>& atime, FileTime mtime);
int set_flags(int file, unsigned flags);  // those of chattr(1)
// Without a value the attribute is removed.
int set_xattr(ObjectAt object, const char* key, const std::optional<std::string_view>& value);

// --- durability ---

int sync_filesystem_of(int fd);
int sync_object(int fd);
int sync_contents(int fd);

}  // namespace dfsck
