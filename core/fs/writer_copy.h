// Changes that copying makes, once for every file: on open descriptors, without a word of text where nothing fails.
//
// As in core/fs/writer.h, nothing here resolves a path. All functions give 0 or an errno and may be called by many
// threads at once, on different files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "core/fs/fd.h"
#include "core/fs/stat.h"

namespace dfsck {

// A new regular file, open for reading and writing. `mode`: permission bits, of which the process's umask takes its
// part; EEXIST where the name is taken.
int make_copy_file(int dir, const char* name, uint32_t mode, Fd& file);

// Writes all of it at the offset.
int write_at(int file, const char* bytes, size_t size, uint64_t offset);
// Makes `to` share all blocks of `from`, which needs a filesystem that can do that (EOPNOTSUPP, EXDEV, EINVAL, ENOTTY).
int clone_bytes(int from, int to);
// Copies inside the kernel; `copied` may be less than asked for, 0 at the end of the file.
int copy_bytes(int from, int to, uint64_t offset, uint64_t length, uint64_t& copied);
int set_size(int file, uint64_t size);

// Of what the descriptor is open on, which may be for reading only.
int set_owner(int file, uint32_t uid, uint32_t gid);
int set_mode(int file, uint32_t mode);
int set_times(int file, FileTime atime, FileTime mtime);
int set_flags(int file, unsigned flags);  // those of chattr(1)
// Without a value the attribute is removed.
int set_xattr(int file, const char* key, const std::optional<std::string>& value);

// The same by name, for what cannot be opened: links, nodes, FIFOs, sockets.
int set_owner_at(int dir, const char* name, uint32_t uid, uint32_t gid);
int set_mode_at(int dir, const char* name, uint32_t mode);
int set_times_at(int dir, const char* name, FileTime atime, FileTime mtime);
int set_xattr_at(int dir, const char* name, const char* key, const std::optional<std::string>& value);

}  // namespace dfsck
