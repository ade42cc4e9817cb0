// Output files and directories under temporary names.
#include "core/fs/writer_output.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <random>

#include "core/base/escape.h"
#include "core/base/patient_calls.h"
#include "core/fs/host.h"
#include "core/fs/mutation.h"
#include "core/fs/root.h"
#include "core/fs/writer.h"
#include "core/fs/writer_error.h"

namespace dfsck {
namespace {

constexpr mode_t kFileMode = 0600;  // what is in images is not for everybody
constexpr mode_t kDirectoryMode = 0700;

struct OutputPlace {
  std::string directory;
  std::string name;
};

Result<OutputPlace> output_place(std::string path) {
  while (path.size() > 1 && path.back() == '/') {
    path.pop_back();
  }
  const size_t slash = path.rfind('/');
  OutputPlace place{slash == std::string::npos ? "." : path.substr(0, slash + 1),
                    slash == std::string::npos ? path : path.substr(slash + 1)};
  if (!RelPath::is_component(place.name)) {
    return format_error("write", escaped(path), "is no name for something new");
  }
  return place;
}

Result<Dir> open_directory(const std::string& path) {
  Fd fd(patient::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) {
    return sys_error("open directory", escaped(path));
  }
  return Dir(std::move(fd), path == "." ? "." : escaped(path.substr(0, path.size() > 1 ? path.size() - 1 : 1)));
}

std::string temporary_name(const std::string& name) {
  std::random_device random;
  std::array<char, 17> hex{};
  std::snprintf(hex.data(), hex.size(), "%08x%08x", random(), random());
  constexpr size_t kMostOfName = 200;  // the whole must fit into 255 bytes
  return "." + name.substr(0, kMostOfName) + ".docker-fsck-" + hex.data();
}

}  // namespace

Result<void> write_all_at(int fd, uint64_t offset, std::string_view bytes, const std::string& where) {
  while (!bytes.empty()) {
    const ssize_t written =
        mutate("pwrite", [&] { return ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written < 0) {
      return sys_error("write", where);
    }
    offset += static_cast<uint64_t>(written);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Result<uint64_t> free_bytes_at(const std::string& path) {
  const Result<OutputPlace> place = output_place(path);
  const Result<Dir> directory = place ? open_directory(place->directory) : Result<Dir>(place.error());
  const Result<FilesystemFacts> facts =
      directory ? filesystem_facts(*directory) : Result<FilesystemFacts>(directory.error());
  if (!facts) {
    return facts.error();
  }
  return facts->free_bytes;
}

Result<OutputKind> output_kind(const std::string& path) {
  struct stat info {};
  if (patient::stat(path.c_str(), &info) != 0) {
    return errno == ENOENT ? Result<OutputKind>(OutputKind::Absent) : sys_error("look at", escaped(path));
  }
  if (S_ISREG(info.st_mode)) {
    return OutputKind::File;
  }
  if (!S_ISDIR(info.st_mode)) {
    return OutputKind::Other;
  }
  const Result<Dir> directory = open_directory(path + "/");
  const Result<std::vector<DirEntry>> members =
      directory ? directory->list() : Result<std::vector<DirEntry>>(directory.error());
  if (!members) {
    return members.error();
  }
  return members->empty() ? OutputKind::EmptyDirectory : OutputKind::Directory;
}

// --- files ---

Result<OutputFile> OutputFile::create(const std::string& path) {
  // A link is followed once, here: what it leads to is what gets replaced.
  const Result<OutputKind> kind = output_kind(path);
  if (!kind) {
    return kind.error();
  }
  if (*kind != OutputKind::Absent && *kind != OutputKind::File) {
    return format_error("write", escaped(path), "is no file");
  }
  const Result<std::string> target = *kind == OutputKind::File ? resolved_path(path) : Result<std::string>(path);
  const Result<OutputPlace> place = target ? output_place(*target) : Result<OutputPlace>(target.error());
  Result<Dir> directory = place ? open_directory(place->directory) : Result<Dir>(place.error());
  if (!directory) {
    return directory.error();
  }
  OutputFile file(std::move(*directory), place->name);
  constexpr int kFlags = O_WRONLY | O_CLOEXEC;
  file.fd_ = Fd(mutate("openat", [&] { return ::openat(file.directory_.fd(), ".", kFlags | O_TMPFILE, kFileMode); }));
  if (!file.fd_ && (errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT)) {
    const std::string name = temporary_name(place->name);
    file.fd_ = Fd(mutate("openat", [&] {
      return ::openat(file.directory_.fd(), name.c_str(), kFlags | O_CREAT | O_EXCL | O_NOFOLLOW, kFileMode);
    }));
    if (file.fd_) {
      file.temporary_ = name;
    }
  }
  if (!file.fd_) {
    return writer_error("make file", file.directory_, place->name);
  }
  return file;
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : directory_(std::move(other.directory_)), name_(std::move(other.name_)),
      temporary_(std::exchange(other.temporary_, "")), fd_(std::move(other.fd_)) {}

OutputFile::~OutputFile() {
  if (!temporary_.empty()) {
    static_cast<void>(static_cast<bool>(remove_object(directory_, temporary_)));  // nobody is left who could be told
  }
}

Result<void> OutputFile::write_at(uint64_t offset, std::string_view bytes) {
  Result<void> written = write_all_at(fd_.get(), offset, bytes, member_path(directory_, name_));
  // The disk begins at once, so that little is left to wait for at the end. Errors show there, too.
  constexpr uint64_t kBegin = 32U << 20;
  const uint64_t before = written_.fetch_add(bytes.size(), std::memory_order_relaxed);
  if (written && before / kBegin != (before + bytes.size()) / kBegin) {
    ::sync_file_range(fd_.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
  }
  return written;
}

Result<void> OutputFile::clear() { return cut_to(fd_.get(), 0, member_path(directory_, name_)); }

Result<void> OutputFile::give_name() {
  const std::string name = temporary_name(name_);
  const std::string self = "/proc/self/fd/" + std::to_string(fd_.get());
  const int to = directory_.fd();
  if (mutate("linkat", [&] { return ::linkat(AT_FDCWD, self.c_str(), to, name.c_str(), AT_SYMLINK_FOLLOW); }) != 0) {
    return writer_error("name file", directory_, name_);
  }
  temporary_ = name;
  return {};
}

Result<void> OutputFile::commit() {
  Result<void> done = sync_data(fd_.get(), member_path(directory_, name_));
  if (done && temporary_.empty()) {
    done = give_name();
  }
  done = done ? move_over(directory_, temporary_, directory_, name_) : done;
  if (!done) {
    return done;
  }
  temporary_.clear();
  return sync_directory(directory_);
}

// --- streams ---

Result<OutputStream> OutputStream::open(const std::string& path) {
  Fd fd(mutate("open", [&] { return ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY); }));
  if (!fd) {
    return sys_error("open", escaped(path));
  }
  return OutputStream(std::move(fd), escaped(path));
}

Result<void> OutputStream::add(std::string_view bytes) { return append(fd_, bytes, where_); }

// --- directories ---

Result<OutputDirectory> OutputDirectory::create(const std::string& path) {
  const Result<OutputKind> kind = output_kind(path);
  if (!kind) {
    return kind.error();
  }
  if (*kind != OutputKind::Absent && *kind != OutputKind::EmptyDirectory) {
    return format_error("write", escaped(path),
                        *kind == OutputKind::Directory ? "exists and is not empty" : "exists and is no directory");
  }
  const Result<OutputPlace> place = output_place(path);
  Result<Dir> parent = place ? open_directory(place->directory) : Result<Dir>(place.error());
  if (!parent) {
    return parent.error();
  }
  const std::string temporary = temporary_name(place->name);
  if (const Result<void> made = dfsck::make_directory(*parent, temporary, kDirectoryMode); !made) {
    return made.error();
  }
  Result<Dir> self = parent->open_dir(temporary);
  if (!self) {
    static_cast<void>(static_cast<bool>(remove_object(*parent, temporary)));
    return self.error();
  }
  return OutputDirectory(std::move(*parent), place->name, temporary, std::move(*self));
}

OutputDirectory::OutputDirectory(OutputDirectory&& other) noexcept
    : parent_(std::move(other.parent_)), name_(std::move(other.name_)),
      temporary_(std::exchange(other.temporary_, "")), self_(std::move(other.self_)), made_(std::move(other.made_)) {}

OutputDirectory::~OutputDirectory() {
  if (!temporary_.empty() && clear()) {
    static_cast<void>(static_cast<bool>(remove_object(parent_, temporary_)));
  }
}

namespace {

// The directory that `path` lies in.
Result<Dir> open_parent(const Dir& top, const RelPath& path) {
  const RelPath parent = path.parent();
  Result<Fd> fd = open_beneath(top.fd(), parent, O_RDONLY | O_DIRECTORY, top.where());
  if (!fd) {
    return fd.error();
  }
  return Dir(std::move(*fd), parent.is_root() ? top.where() : top.where() + "/" + parent.text());
}

}  // namespace

Result<void> OutputDirectory::make_directory(const RelPath& path) {
  const Result<Dir> parent = open_parent(self_, path);
  const Result<void> made =
      parent ? dfsck::make_directory(*parent, std::string(path.name()), 0755) : Result<void>(parent.error());
  if (made) {
    made_.push_back(path);
  }
  return made;
}

Result<Fd> OutputDirectory::make_file(const RelPath& path) const {
  const Result<Dir> parent = open_parent(self_, path);
  if (!parent) {
    return parent.error();
  }
  const std::string name(path.name());
  Fd fd(mutate("openat", [&] {
    return ::openat(parent->fd(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  }));
  if (!fd) {
    return writer_error("make file", *parent, name);
  }
  return fd;
}

Result<void> OutputDirectory::clear() {
  for (; !made_.empty(); made_.pop_back()) {
    const Result<Dir> parent = open_parent(self_, made_.back());
    const Result<void> removed =
        parent ? remove_object(*parent, std::string(made_.back().name())) : Result<void>(parent.error());
    if (!removed && !removed.error().is_io(ENOENT)) {
      return removed;
    }
  }
  return {};
}

Result<void> OutputDirectory::commit() {
  Result<void> done = sync_filesystem(self_);
  // Over an empty directory a rename is an exchange in one step, too.
  done = done ? move_over(parent_, temporary_, parent_, name_) : done;
  if (!done) {
    return done;
  }
  temporary_.clear();
  return sync_directory(parent_);
}

}  // namespace dfsck
