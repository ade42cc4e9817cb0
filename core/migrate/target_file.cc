// Prepared beside its place, then renamed over it.
#include "core/migrate/target_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "core/base/try.h"
#include "core/fs/dir.h"
#include "core/fs/write/writer.h"
#include "core/migrate/copy_attributes.h"

namespace dfsck {
namespace {

// For files that are rewritten on their way. They are dressed like copies, since a later run compares the source's
// file with what it was, and a daemon must find owner and mode as it left them.
class TargetFile {
 public:
  TargetFile(CopyContext& context, const RelPath& path, const MigrationUnit& none)
      : context_(context), path_(path.bytes()), name_(path.name()), prepared_(name_ + ".docker-fsck"), notes_(none) {}

  Result<void> write(const Dir& source, const Dir& target, std::string_view bytes) {
    ASSIGN_OR_RETURN(const FileStat like, source.stat_self());
    TRY(prepare(source, target, bytes));
    TRY(put_in_place(source, target));
    // The directory keeps the time that it has in the source; in the target a run that was killed may have changed it.
    TRY(set_mtime_of(target, like.mtime));
    return sync_directory(target);
  }

  std::vector<CopyProblem> problems() {
    UnitResult told;
    notes_.tally.settle(told);
    return std::move(told.problems);
  }

 private:
  // What the target refuses of the attributes is a problem, as it is of a copy.
  Result<void> prepare(const Dir& source, const Dir& target, std::string_view bytes) {
    Statx info;
    const Fd like(open_for_reading(source.fd(), name_.c_str()));
    if (!like || read_statx(like.get(), "", info) != 0) {
      return sys_error("open", path_);
    }
    Result<Fd> file = make_file(target, prepared_, bytes);
    if (!file && file.error().is_io(EEXIST)) {
      // Left by a run that was cut off here.
      const Result<void> removed = remove_object(target, prepared_);
      file = removed ? make_file(target, prepared_, bytes) : removed.error();
    }
    TRY(file);
    copy_attributes(context_, notes_, path_, like.get(), file->get(), info,
                    {.just_now = true, .mode = 0600, .stays_open = true});
    if (context_.stopped()) {
      return context_.failure().value_or(Error{});
    }
    return sync_data(file->get(), prepared_);
  }

  // Over a copy that may be immutable, as the source's file is.
  // An immutable file cannot be replaced by a rename either.
  Result<void> put_in_place(const Dir& source, const Dir& target) {
    Statx copy;
    const bool is_guarded = read_statx(target.fd(), name_.c_str(), copy) == 0 && copy.is_guarded;
    if (is_guarded) {
      take_guards_off(target.fd(), name_.c_str());
    }
    const Result<void> moved = move_over(target, prepared_, target, name_);
    if (moved && is_guarded) {
      note_guards(notes_, source.fd(), name_, path_);
      set_guards(context_, notes_);
    }
    return moved;
  }

  CopyContext& context_;
  const std::string path_;
  const std::string name_;
  const std::string prepared_;
  CopyUnit notes_;
};

}  // namespace

Result<std::vector<CopyProblem>> write_target_file(const Root& source, const Root& target, const RelPath& path,
                                                   std::string_view bytes) {
  Result<Dir> target_top = target.open_dir(RelPath());
  const Result<Dir> from = source.open_dir(path.parent());
  const Result<Dir> to = target.open_dir(path.parent());
  for (const Result<Dir>* dir : std::initializer_list<const Result<Dir>*>{&target_top, &from, &to}) {
    if (!*dir) {
      return dir->error();
    }
  }
  const Cancel never;
  Progress unseen;
  CopyContext context(source, std::move(*target_top), {}, never, unseen);
  context.uid = ::geteuid();
  context.gid = ::getegid();
  const MigrationUnit none;
  TargetFile file(context, path, none);
  TRY(file.write(*from, *to, bytes));
  return file.problems();
}

}  // namespace dfsck
