// What a command writes outside of any data root: a file, a stream or a directory. Files and directories get their
// names only when they are complete, so that nobody ever takes half an archive for a whole one.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/relpath.h"
#include "core/base/result.h"
#include "core/fs/dir.h"
#include "core/fs/fd.h"

namespace dfsck {

// The bytes that fit on the filesystem on which `path` lies or would lie.
Result<uint64_t> free_bytes_at(const std::string& path);

// A new file beside its final name. Where the filesystem can do that, it has no name at all until commit(), and
// vanishes with the program however that ends; else it has one of its own until then.
class OutputFile {
 public:
  // Nothing exists under `path` but, perhaps, a regular file, which commit() replaces. Errors: Format where `path` is
  // something else; Io.
  static Result<OutputFile> create(const std::string& path);
  OutputFile(OutputFile&&) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  // From any thread, at any place.
  Result<void> write_at(uint64_t offset, std::string_view bytes);
  // Makes it empty again.
  Result<void> clear();
  // Makes the bytes durable and gives the file its name. Once only.
  Result<void> commit();

 private:
  OutputFile(Dir directory, std::string name) : directory_(std::move(directory)), name_(std::move(name)) {}
  Result<void> give_name();

  Dir directory_;
  std::string name_;
  std::string temporary_;  // its name so far; empty if it has none
  Fd fd_;
  std::atomic<uint64_t> written_{0};
};

// A pipe, or whatever else bytes can only be written to in order.
class OutputStream {
 public:
  // `fd` stays open and is the caller's.
  OutputStream(int fd, std::string where) : fd_(fd), where_(std::move(where)) {}
  // Opens what is no regular file ("/dev/null", a FIFO).
  static Result<OutputStream> open(const std::string& path);

  Result<void> add(std::string_view bytes);

 private:
  OutputStream(Fd own, std::string where) : fd_(own.get()), own_(std::move(own)), where_(std::move(where)) {}

  int fd_;
  Fd own_;
  std::string where_;
};

// A new directory beside its final name.
class OutputDirectory {
 public:
  // `path` does not exist or is an empty directory. Errors: Format where it is something else; Io.
  static Result<OutputDirectory> create(const std::string& path);
  OutputDirectory(OutputDirectory&&) noexcept;
  OutputDirectory& operator=(OutputDirectory&&) = delete;
  ~OutputDirectory();

  Result<void> make_directory(const RelPath& path);
  // A new file, open for writing. From any thread; the directories on the way must be there.
  Result<Fd> make_file(const RelPath& path) const;
  // Says that make_file(path) was called, so that an end without commit() takes it away. Not from several threads.
  void note_file(const RelPath& path) { made_.push_back(path); }
  // Removes everything in it.
  Result<void> clear();
  Result<void> commit();

 private:
  OutputDirectory(Dir parent, std::string name, std::string temporary, Dir self)
      : parent_(std::move(parent)), name_(std::move(name)), temporary_(std::move(temporary)), self_(std::move(self)) {}

  Dir parent_;
  std::string name_;
  std::string temporary_;  // empty once it has its name
  Dir self_;
  std::vector<RelPath> made_;  // in order
};

// What `path` is before anything is written.
enum class OutputKind { Absent, File, EmptyDirectory, Directory, Other };
Result<OutputKind> output_kind(const std::string& path);

}  // namespace dfsck
