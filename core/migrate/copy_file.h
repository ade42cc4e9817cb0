// One regular file on its way into the target.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/fs/fd.h"
#include "core/fs/statx.h"
#include "core/migrate/copy_context.h"

namespace dfsck {

// A file whose bytes come from whoever reads them: copy_file, or the verification of a layer. Not thread-safe; to be
// used again for the next file.
class FileCopy {
 public:
  FileCopy(CopyContext& context, CopyUnit& unit) : context_(context), unit_(unit) {}
  ~FileCopy() { drop(); }
  FileCopy(const FileCopy&) = delete;
  FileCopy& operator=(const FileCopy&) = delete;

  struct Source {
    int dir = -1;   // open directory that it lies in
    int file = -1;  // open for reading, if it is open already
    std::string name;
    std::string path;  // below the root
    Statx info;
  };
  enum class Begun {
    Write,    // its bytes are wanted
    Settled,  // nothing to write: it became a link to what was copied before, or an interrupted run had copied it
    Failed,   // it cannot be made, or read; said by then
  };
  // What to do where the target has something of that name.
  enum class Existing {
    Clear,    // none is expected: it is in the way
    Leave,    // this run has written it, as another entry of the same layer
    Compare,  // of an interrupted run; if it cannot be trusted, it is compared byte by byte
    Rewrite,  // of an interrupted run; if it cannot be trusted, it is written again
  };
  // Makes the file in `target`.
  Begun begin(const Dir& target, Source source, Existing existing);

  uint64_t size() const { return source_.info.stat.size; }
  // Bytes in ascending order; those in holes of the source are not written. False once all has to stop.
  bool piece(uint64_t offset, std::string_view bytes);
  // Copies from this offset on by reading; what cannot be read becomes a hole and a problem.
  void copy_rest(uint64_t offset);
  // Copies all that is in it, the fastest way.
  void copy_all();
  // Sets size, attributes and times. Without it the file counts as unfinished.
  void finish();

 private:
  bool take_existing(const Dir& target, Existing existing);
  bool may_keep(const Statx& have) const;
  bool open_source();
  void link_to(const Dir& target, const std::string& first, Existing existing);
  // Makes data_begin_ and data_end_ those of the data at or behind the offset. False where none follows.
  bool find_data(uint64_t offset);
  void read_range(uint64_t offset, uint64_t end);
  void hash_range(uint64_t offset, uint64_t end);
  bool clone();
  // False where it is known that the kernel cannot; nothing was copied then.
  bool copy_inside(uint64_t offset, uint64_t end);
  bool hashes() const;
  void drop();

  CopyContext& context_;
  CopyUnit& unit_;
  Source source_;
  Fd own_source_;
  Fd target_;
  uint32_t made_mode_ = 0;
  bool claimed_ = false;  // the first name of a file with several, not published yet
  bool is_sparse_ = false;
  uint64_t data_begin_ = 0;  // of a sparse file: the range of data that was looked up last
  uint64_t data_end_ = 0;
  uint64_t end_ = 0;        // of what was written
  uint64_t found_end_ = 0;  // of what the source has
  uint64_t lost_ = 0;
  int lost_code_ = 0;
  BlockSum sum_;
};

// Copies a file with all that is in it.
void copy_file(FileCopy& copy, const Dir& target, FileCopy::Source source, FileCopy::Existing existing);

// Removes what is in the way of `name`, with everything in it. False where that fails; said by then.
bool clear_name(CopyContext& context, CopyUnit& unit, const Dir& target, const std::string& name,
                const std::string& path);

}  // namespace dfsck
