// New objects, changes of names, files that grow, and making things durable.
#include "core/fs/write/writer.h"

#include <stdio.h>
#include <sys/stat.h>

#include "core/base/try.h"
#include "core/fs/write/calls.h"
#include "core/fs/write/error.h"

namespace dfsck {

Result<void> make_directory(const Dir& parent, const std::string& name, uint32_t mode) {
  return outcome(make_directory_at(parent.fd(), name.c_str(), mode), "make directory", parent, name);
}

Result<Fd> make_file(const Dir& parent, const std::string& name, std::string_view bytes) {
  Fd fd;
  const int code = make_file_at(parent.fd(), name.c_str(), 0600, fd, WritesAt::TheEnd);
  Result<void> made = outcome(code, "make file", parent, name);
  made = made ? append(fd.get(), bytes, member_path(parent, name)) : made;
  return made ? Result<Fd>(std::move(fd)) : made.error();
}

Result<void> make_symlink(const Dir& parent, const std::string& name, const std::string& target) {
  return outcome(make_symlink_at(parent.fd(), name.c_str(), target.c_str()), "make symbolic link", parent, name);
}

Result<void> make_node(const Dir& parent, const std::string& name, uint32_t type, uint32_t major, uint32_t minor) {
  return outcome(make_node_at(parent.fd(), name.c_str(), type | 0600, major, minor), "make node", parent, name);
}

Result<void> make_hard_link(const Dir& from, const std::string& target, const Dir& parent, const std::string& name) {
  return outcome(link_at(from.fd(), target.c_str(), parent.fd(), name.c_str()), "link", from, target);
}

Result<void> exchange(const Dir& one, const std::string& name, const Dir& other, const std::string& other_name) {
  const int code = rename_at(one.fd(), name.c_str(), other.fd(), other_name.c_str(), RENAME_EXCHANGE);
  return outcome(code, "exchange", one, name);
}

Result<void> move(const Dir& from, const std::string& name, const Dir& to, const std::string& new_name) {
  return outcome(rename_at(from.fd(), name.c_str(), to.fd(), new_name.c_str(), RENAME_NOREPLACE), "move", from, name);
}

Result<void> move_over(const Dir& from, const std::string& name, const Dir& to, const std::string& new_name) {
  return outcome(rename_at(from.fd(), name.c_str(), to.fd(), new_name.c_str(), 0), "move", from, name);
}

Result<Fd> open_for_append(const Dir& parent, const std::string& name) {
  ASSIGN_OR_RETURN(const FileStat stat, parent.stat(name));
  if (!stat.is_file()) {
    return format_error("open", member_path(parent, name), "is a " + std::string(type_name(stat.mode)));
  }
  Fd fd;
  TRY(outcome(open_to_append(parent.fd(), name.c_str(), fd), "open", parent, name));
  return Result<Fd>(std::move(fd));
}

Result<void> append(int fd, std::string_view bytes, const std::string& where) {
  return outcome(append_all(fd, bytes), "write", where);
}

Result<void> write_at(int fd, uint64_t offset, std::string_view bytes, const std::string& where) {
  return outcome(write_all_at(fd, bytes, offset), "write", where);
}

Result<void> cut_to(int fd, uint64_t size, const std::string& where) {
  return outcome(set_size(fd, size), "cut", where);
}

Result<void> sync_filesystem(const Dir& directory) {
  return outcome(sync_filesystem_of(directory.fd()), "sync filesystem of", directory.where());
}

Result<void> sync_directory(const Dir& directory) {
  return outcome(sync_object(directory.fd()), "sync directory", directory.where());
}

Result<void> sync_data(int fd, const std::string& where) { return outcome(sync_contents(fd), "sync", where); }

}  // namespace dfsck
