// The sink between verification and target.
#include "core/migrate/copy_layer.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "core/base/path_text.h"
#include "core/base/patient_calls.h"
#include "core/base/proc_path.h"
#include "core/base/text.h"
#include "core/content/bytes/payload_sink.h"
#include "core/fs/root.h"
#include "core/fs/write/writer.h"
#include "core/migrate/copy_file.h"
#include "core/run/strand.h"

namespace dfsck {
namespace {

std::string path_of_fd(int fd) {
  std::array<char, 4096> target{};
  const ssize_t length = patient::readlink(proc_path(fd).c_str(), target.data(), target.size());
  const bool whole = length > 0 && static_cast<size_t>(length) < target.size();
  return whole ? std::string(target.data(), static_cast<size_t>(length)) : std::string();
}

// The directory at `path` below `top`, made where it is missing, and those on the way too. What is there is found from
// the far end: usually only the last part is missing.
// Rights come with the walk over the tree, which goes through all of it afterwards: until then nobody else gets in.
Result<Dir> make_far_dir(const Dir& top, std::string_view path) {
  std::string_view there = path;
  Result<Dir> dir = open_far_dir(top, there);
  while (!dir && dir.error().is_io(ENOENT) && !there.empty()) {
    there = parent_path(there);
    dir = open_far_dir(top, there);
  }
  for (const std::string_view part : split(path.substr(there.size()), '/')) {
    if (!dir) {
      break;
    }
    const std::string name(part);
    if (name.empty()) {
      continue;  // in front of the slash behind `there`
    }
    if (const Result<void> made = make_directory(*dir, name, 0700); !made && !made.error().is_io(EEXIST)) {
      return made.error();
    }
    dir = dir->open_dir(name);
  }
  return dir;
}

// What a file costs besides its bytes, as if it were so many bytes.
constexpr uint64_t kFileWeight = 128 * 1024;
constexpr uint64_t kMostWaiting = 2U << 20;

// Writes on a strand, beside the verification. What the strand uses is not touched by the thread that verifies.
// Verification reads and hashes, this writes: on two processors both go on at once, and a layer's bytes are read only
// once. Order is kept, as a strand runs one step after the other, each seeing all that was done before it was pushed.
// So no member here needs a lock: each belongs to one side.
class LayerCopySink : public PayloadSink {
 public:
  // `tree` is diff/ of the source, `made` what has its path in the target; `path` is that path.
  LayerCopySink(CopyContext& context, CopyUnit& unit, Dir tree, Dir made, std::string path, SharedWork& work)
      : context_(context),
        unit_(unit),
        tree_(std::move(tree)),
        made_(std::move(made)),
        path_(std::move(path)),
        copy_(context, unit),
        strand_(&work, kMostWaiting) {}

  bool begin(const File& file) override;
  void bytes(std::string_view piece, std::shared_ptr<const void> keep) override;
  void end(const PayloadReader::Outcome& outcome) override;
  // Returns when all is written.
  void finish() { strand_.finish(); }

 private:
  struct Directory {
    std::string name;  // as the tar has it
    Fd fd;
  };
  struct Opening {
    std::shared_ptr<const Directory> directory;
    std::string name;
    std::shared_ptr<const Fd> file;
  };
  // What is done in one step: most files are one part, from their opening to their end.
  struct Part {
    std::optional<Opening> opening;
    std::string_view piece;
    std::shared_ptr<const void> keep;
    std::optional<PayloadReader::Outcome> end;
  };

  bool follow(const File& file);
  void hand_on();
  // On the strand.
  void take(const Part& part);
  void begin_file(const Opening& opening);
  FileCopy::Begun begin_copy(const Opening& opening);
  void end_file(const PayloadReader::Outcome& outcome);

  // Makes `target_` what the directory is in the target. False where it cannot be told or made.
  bool enter(const std::shared_ptr<const Directory>& directory);
  std::optional<std::string> real_path(const Directory& directory) const;

  CopyContext& context_;
  CopyUnit& unit_;
  const Dir tree_;
  const Dir made_;
  const std::string path_;

  // Of the thread that verifies.
  std::shared_ptr<const Directory> directory_;
  Part part_;

  // Of the strand.
  std::shared_ptr<const Directory> entered_;
  std::string real_parent_;    // its path, without links
  std::optional<Dir> target_;  // what it is in the target
  FileCopy copy_;
  FileCopy::Begun begun_ = FileCopy::Begun::Failed;
  std::shared_ptr<const Fd> file_;
  std::string file_path_;
  uint64_t inode_ = 0;
  uint64_t at_ = 0;

  Strand strand_;
};

// False where we are out of descriptors.
bool LayerCopySink::follow(const File& file) {
  if (!directory_ || file.parent != directory_->name) {
    Fd fd(patient::duplicate(file.dir));
    if (!fd) {
      source_failed(context_, unit_, errno, "open directory", path_in(path_, file.parent));
      return false;
    }
    directory_ = std::make_shared<const Directory>(Directory{std::string(file.parent), std::move(fd)});
  }
  return true;
}

// Descriptor and name are copied into the part, since what the verifier lends is only good until its next call.
bool LayerCopySink::begin(const File& file) {
  if (context_.stopped() || !follow(file)) {
    return false;
  }
  part_.opening = {directory_, std::string(file.name), file.file};
  return true;
}

void LayerCopySink::bytes(std::string_view piece, std::shared_ptr<const void> keep) {
  if (!part_.piece.empty()) {
    hand_on();
  }
  part_.piece = piece;
  part_.keep = std::move(keep);
  context_.stopped();  // hands on the user's wish to stop
}

void LayerCopySink::end(const PayloadReader::Outcome& outcome) {
  part_.end = outcome;
  hand_on();
}

// Weighed, so that small files in great number wait no longer than few large ones.
void LayerCopySink::hand_on() {
  const uint64_t weight = part_.piece.size() + (part_.opening ? kFileWeight : 0);
  strand_.push(weight, [this, part = std::exchange(part_, {})] { take(part); });
}

void LayerCopySink::take(const Part& part) {
  if (part.opening) {
    begin_file(*part.opening);
  }
  if (begun_ == FileCopy::Begun::Write && !part.piece.empty() && copy_.piece(at_, part.piece)) {
    at_ += part.piece.size();
  }
  if (part.end) {
    end_file(*part.end);
  }
}

// A tar may name directories by links that it has made before; a copy has to be made where the file really is.
// What /proc tells of the descriptor is the path behind all links; both descriptors were opened beneath the layer's
// tree, so what is left when its top is taken off lies in it.
std::optional<std::string> LayerCopySink::real_path(const Directory& directory) const {
  if (directory.name.empty()) {
    return directory.name;
  }
  const std::optional<RelPath> path = RelPath::parse(directory.name);
  const Result<Fd> straight =
      path ? open_beneath(tree_.fd(), *path, O_PATH | O_DIRECTORY, "") : format_error("open", "", "");
  if (straight) {
    return directory.name;
  }
  const std::string top = path_of_fd(tree_.fd());
  const std::string whole = path_of_fd(directory.fd.get());
  if (top.empty() || !whole.starts_with(top)) {
    return std::nullopt;
  }
  if (whole.size() == top.size()) {
    return std::string();
  }
  return whole[top.size()] == '/' ? std::optional(whole.substr(top.size() + 1)) : std::nullopt;
}

// Once for each directory: files come in the order of the tar, in which those of a directory mostly follow each
// other.
bool LayerCopySink::enter(const std::shared_ptr<const Directory>& directory) {
  if (entered_ != directory) {
    entered_ = directory;
    target_.reset();
    if (const std::optional<std::string> real = real_path(*directory)) {
      real_parent_ = *real;
      // Where something else is in the way (of an interrupted run), the walk over the tree will clear it.
      if (Result<Dir> dir = make_far_dir(made_, *real); dir) {
        target_ = std::move(*dir);
      } else {
        const int code = dir.error().code;
        if (code != ENOTDIR && code != ELOOP && code != EEXIST) {
          target_failed(context_, unit_, CopyProblem::Kind::Unmakeable, code, "make directory", path_in(path_, *real));
        }
      }
    }
  }
  return target_.has_value();
}

void LayerCopySink::begin_file(const Opening& opening) {
  file_ = opening.file;
  begun_ = !context_.stopped() && enter(opening.directory) ? begin_copy(opening) : FileCopy::Begun::Failed;
  if (begun_ == FileCopy::Begun::Settled) {
    unit_.streamed.add(inode_, file_path_);
  }
}

// By what lies on disk and not by the header: a damaged file is copied as it is, and what is wrong with it stands in
// the verdict.
FileCopy::Begun LayerCopySink::begin_copy(const Opening& opening) {
  const std::string& name = opening.name;
  const int file = opening.file->get();
  file_path_ = path_in(path_, path_in(real_parent_, name));
  if (unit_.unit.omit && unit_.unit.omit(file_path_, S_IFREG)) {
    return FileCopy::Begun::Failed;
  }
  Statx info;
  if (read_statx(file, "", info) != 0 || context_.is_foreign(file_path_, info)) {
    return FileCopy::Begun::Failed;
  }
  inode_ = info.stat.inode;
  at_ = 0;
  Statx have;
  if (unit_.fresh && info.stat.links > 1 && read_statx(target_->fd(), name.c_str(), have) == 0) {
    return FileCopy::Begun::Failed;  // the tar has it twice; as a link it may be counted once only
  }
  return copy_.begin(*target_, {opening.directory->fd.get(), file, name, file_path_, info},
                     unit_.fresh ? FileCopy::Existing::Leave : FileCopy::Existing::Rewrite);
}

// The verifier stops at the size that the header has; a file that is longer is copied to its end all the same.
void LayerCopySink::end_file(const PayloadReader::Outcome& outcome) {
  if (begun_ == FileCopy::Begun::Write) {
    if (outcome.bytes < copy_.size() && !context_.stopped()) {
      copy_.copy_rest(outcome.bytes);
    }
    copy_.finish();
    if (!context_.stopped()) {
      unit_.streamed.add(inode_, file_path_);
    }
  }
  file_.reset();
}

}  // namespace

// Two passes, one over the tar and one over the tree. The first writes the bytes of regular files while they are
// verified, the second everything that a tar does not have or has otherwise: directories, links, nodes, attributes,
// files that no entry knows.
void copy_layer(CopyContext& context, const Root& source, CopyUnit& unit, SharedWork& work, LayerVerdict& verdict,
                std::function<void()> ended) {
  const LayerInput& input = *unit.unit.layer;
  const std::string& diff = input.diff_dir.bytes();
  Result<Dir> tree = source.open_dir(input.diff_dir);
  // What nobody has planned for is only looked at.
  Statx info;
  const bool ours = tree && read_statx(tree->fd(), "", info) == 0 && !context.is_foreign(diff, info);
  Result<Dir> made = ours ? make_far_dir(context.target, diff) : Result<Dir>(Error{});
  if (ours && !made && made.error().kind == Error::Kind::Io && !made.error().is_io(ENOTDIR)) {
    target_failed(context, unit, CopyProblem::Kind::Unmakeable, made.error().code, "make directory", diff);
  }
  if (!context.stopped()) {
    if (made && tree) {
      LayerCopySink sink(context, unit, std::move(*tree), std::move(*made), diff, work);
      verdict = verify_layer(source, input, Depth::Full, context.stop(), context.progress, {&work, &sink});
      sink.finish();
    } else {
      verdict = verify_layer(source, input, Depth::Full, context.stop(), context.progress, {&work, nullptr});
    }
  }
  // Looked up from many threads from here on, and never changed again.
  unit.streamed.sort();
  copy_tree(context, unit, work, std::move(ended));
}

}  // namespace dfsck
