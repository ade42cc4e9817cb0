// Output files and directories under temporary names.
#include "core/fs/write/output.h"

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
#include "core/base/try.h"
#include "core/fs/host.h"
#include "core/fs/root.h"
#include "core/fs/write/calls.h"
#include "core/fs/write/error.h"
#include "core/fs/write/writer.h"

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

Result<uint64_t> free_bytes_at(const std::string& path) {
  const Result<OutputPlace> place = output_place(path);
  const Result<Dir> directory = place ? open_directory(place->directory) : Result<Dir>(place.error());
  ASSIGN_OR_RETURN(const FilesystemFacts facts,
                   directory ? filesystem_facts(*directory) : Result<FilesystemFacts>(directory.error()));
  return facts.free_bytes;
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
  ASSIGN_OR_RETURN(const std::vector<DirEntry> members,
                   directory ? directory->list() : Result<std::vector<DirEntry>>(directory.error()));
  return members.empty() ? OutputKind::EmptyDirectory : OutputKind::Directory;
}

// --- files ---

Result<OutputFile> OutputFile::create(const std::string& path) {
  // A link is followed once, here: what it leads to is what gets replaced.
  ASSIGN_OR_RETURN(const OutputKind kind, output_kind(path));
  if (kind != OutputKind::Absent && kind != OutputKind::File) {
    return format_error("write", escaped(path), "is no file");
  }
  const Result<std::string> target = kind == OutputKind::File ? resolved_path(path) : Result<std::string>(path);
  const Result<OutputPlace> place = target ? output_place(*target) : Result<OutputPlace>(target.error());
  ASSIGN_OR_RETURN(Dir directory, place ? open_directory(place->directory) : Result<Dir>(place.error()));
  OutputFile file(std::move(directory), place->name);
  int code = make_unnamed_file(file.directory_.fd(), kFileMode, file.fd_);
  if (code == EOPNOTSUPP || code == EISDIR || code == ENOENT) {
    const std::string name = temporary_name(place->name);
    code = make_file_at(file.directory_.fd(), name.c_str(), kFileMode, file.fd_);
    file.temporary_ = code == 0 ? name : "";
  }
  TRY(outcome(code, "make file", file.directory_, place->name));
  return Result<OutputFile>(std::move(file));
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : directory_(std::move(other.directory_)),
      name_(std::move(other.name_)),
      temporary_(std::exchange(other.temporary_, "")),
      fd_(std::move(other.fd_)) {}

OutputFile::~OutputFile() {
  if (!temporary_.empty()) {
    remove_at(directory_.fd(), temporary_.c_str(), false);  // nobody is left who could be told
  }
}

Result<void> OutputFile::write_at(uint64_t offset, std::string_view bytes) {
  Result<void> written = dfsck::write_at(fd_.get(), offset, bytes, member_path(directory_, name_));
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
  Result<void> named = outcome(name_file(fd_.get(), directory_.fd(), name.c_str()), "name file", directory_, name_);
  temporary_ = named ? name : "";
  return named;
}

Result<void> OutputFile::commit() {
  TRY(sync_data(fd_.get(), member_path(directory_, name_)));
  if (temporary_.empty()) {
    TRY(give_name());
  }
  TRY(move_over(directory_, temporary_, directory_, name_));
  temporary_.clear();
  return sync_directory(directory_);
}

// --- streams ---

Result<OutputStream> OutputStream::open(const std::string& path) {
  Fd fd;
  TRY(outcome(open_output(path.c_str(), fd), "open", escaped(path)));
  return OutputStream(std::move(fd), escaped(path));
}

Result<void> OutputStream::add(std::string_view bytes) { return append(fd_, bytes, where_); }

// --- directories ---

Result<OutputDirectory> OutputDirectory::create(const std::string& path) {
  ASSIGN_OR_RETURN(const OutputKind kind, output_kind(path));
  if (kind != OutputKind::Absent && kind != OutputKind::EmptyDirectory) {
    return format_error("write", escaped(path),
                        kind == OutputKind::Directory ? "exists and is not empty" : "exists and is no directory");
  }
  const Result<OutputPlace> place = output_place(path);
  ASSIGN_OR_RETURN(Dir parent, place ? open_directory(place->directory) : Result<Dir>(place.error()));
  const std::string temporary = temporary_name(place->name);
  TRY(dfsck::make_directory(parent, temporary, kDirectoryMode));
  Result<Dir> self = parent.open_dir(temporary);
  if (!self) {
    remove_at(parent.fd(), temporary.c_str(), true);
    return self.error();
  }
  return OutputDirectory(std::move(parent), place->name, temporary, std::move(*self));
}

OutputDirectory::OutputDirectory(OutputDirectory&& other) noexcept
    : parent_(std::move(other.parent_)),
      name_(std::move(other.name_)),
      temporary_(std::exchange(other.temporary_, "")),
      self_(std::move(other.self_)),
      made_(std::move(other.made_)) {}

OutputDirectory::~OutputDirectory() {
  if (!temporary_.empty() && clear()) {
    remove_at(parent_.fd(), temporary_.c_str(), true);
  }
}

namespace {

// The directory that `path` lies in.
Result<Dir> open_parent(const Dir& top, const RelPath& path) {
  const RelPath parent = path.parent();
  ASSIGN_OR_RETURN(Fd fd, open_beneath(top.fd(), parent, O_RDONLY | O_DIRECTORY, top.where()));
  return Dir(std::move(fd), parent.is_root() ? top.where() : top.where() + "/" + parent.text());
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
  ASSIGN_OR_RETURN(const Dir parent, open_parent(self_, path));
  const std::string name(path.name());
  Fd fd;
  TRY(outcome(make_file_at(parent.fd(), name.c_str(), 0644, fd), "make file", parent, name));
  return Result<Fd>(std::move(fd));
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
  TRY(sync_filesystem(self_));
  // Over an empty directory a rename is an exchange in one step, too.
  TRY(move_over(parent_, temporary_, parent_, name_));
  temporary_.clear();
  return sync_directory(parent_);
}

}  // namespace dfsck
