// The sink between verification and target.
#include "core/transfer/copy_layer.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "core/base/text.h"
#include "core/content/payload_sink.h"
#include "core/fs/root.h"
#include "core/fs/writer.h"
#include "core/transfer/copy_file.h"

namespace dfsck {
namespace {

std::string path_of_fd(int fd) {
  std::array<char, 4096> target{};
  const ssize_t length =
      ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), target.data(), target.size());
  const bool whole = length > 0 && static_cast<size_t>(length) < target.size();
  return whole ? std::string(target.data(), static_cast<size_t>(length)) : std::string();
}

// The directory at `path` below `at`, with those on the way made where they are missing.
Result<Dir> make_below(Result<Dir> at, std::string_view path) {
  for (const std::string_view part : split(path, '/')) {
    if (!at) {
      break;
    }
    const std::string name(part);
    if (const Result<void> made = make_directory(*at, name, 0700); !made && !made.error().is_io(EEXIST)) {
      return made.error();
    }
    at = at->open_dir(name);
  }
  return at;
}

class LayerSink : public PayloadSink {
 public:
  // `tree` is diff/ of the source, `made` what has its path in the target; `path` is that path.
  LayerSink(CopyContext& context, CopyUnit& unit, Dir tree, Dir made, std::string path)
      : context_(context), unit_(unit), tree_(std::move(tree)), made_(std::move(made)), path_(std::move(path)),
        copy_(context, unit) {}

  bool begin(const File& file) override;
  void bytes(std::string_view piece) override {
    if (begun_ != FileCopy::Begun::Write) {
      context_.stopped();  // hands on the user's wish to stop
    } else if (copy_.piece(at_, piece)) {
      at_ += piece.size();
    }
  }
  void end(const PayloadReader::Outcome& outcome) override;

 private:
  FileCopy::Begun begin_copy(const File& file);
  // Makes `target_` the directory that the file lies in. False where it cannot be told or made.
  bool enter(const File& file);
  std::optional<std::string> real_path(const File& file) const;
  Result<Dir> make_path(const std::string& path) const;

  CopyContext& context_;
  CopyUnit& unit_;
  const Dir tree_;
  const Dir made_;
  const std::string path_;
  FileCopy copy_;
  std::string parent_;          // of the last file, as the tar has it
  std::string real_parent_;     // the same without links
  std::optional<Dir> target_;   // that directory
  bool entered_ = false;
  uint64_t inode_ = 0;
  std::string file_path_;
  uint64_t at_ = 0;
  FileCopy::Begun begun_ = FileCopy::Begun::Failed;
};

// A tar may name directories by links that it has made before; a copy has to be made where the file really is.
std::optional<std::string> LayerSink::real_path(const File& file) const {
  const std::string parent(file.parent);
  if (parent.empty()) {
    return parent;
  }
  const std::optional<RelPath> path = RelPath::parse(parent);
  const Result<Fd> straight =
      path ? open_beneath(tree_.fd(), *path, O_PATH | O_DIRECTORY, "") : format_error("open", "", "");
  if (straight) {
    return parent;
  }
  const std::string top = path_of_fd(tree_.fd());
  const std::string whole = path_of_fd(file.dir);
  if (top.empty() || !whole.starts_with(top)) {
    return std::nullopt;
  }
  if (whole.size() == top.size()) {
    return std::string();
  }
  return whole[top.size()] == '/' ? std::optional(whole.substr(top.size() + 1)) : std::nullopt;
}

Result<Dir> LayerSink::make_path(const std::string& path) const {
  if (Result<Dir> there = open_far_dir(made_, path); there || !there.error().is_io(ENOENT)) {
    return there;
  }
  return make_below(open_far_dir(made_, ""), path);
}

bool LayerSink::enter(const File& file) {
  if (!entered_ || file.parent != parent_) {
    entered_ = true;
    parent_ = file.parent;
    target_.reset();
    if (const std::optional<std::string> real = real_path(file)) {
      real_parent_ = *real;
      // Where something else is in the way (of an interrupted run), the walk over the tree will clear it.
      if (Result<Dir> dir = make_path(*real); dir) {
        target_ = std::move(*dir);
      } else {
        const int code = dir.error().code;
        if (code != ENOTDIR && code != ELOOP && code != EEXIST) {
          target_failed(context_, unit_, CopyProblem::Kind::Unmakeable, code, "make directory",
                        member_of(path_, *real));
        }
      }
    }
  }
  return target_.has_value();
}

// Always interested: what is not written may still take long to read, and somebody may want it to stop.
bool LayerSink::begin(const File& file) {
  begun_ = begin_copy(file);
  if (begun_ == FileCopy::Begun::Settled) {
    unit_.streamed.add(inode_, file_path_);
  }
  return true;
}

FileCopy::Begun LayerSink::begin_copy(const File& file) {
  if (context_.stopped() || !enter(file)) {
    return FileCopy::Begun::Failed;
  }
  const std::string name(file.name);
  const std::string inside = member_of(real_parent_, name);
  file_path_ = member_of(path_, inside);
  if (unit_.unit.leave_out && unit_.unit.leave_out(file_path_, S_IFREG)) {
    return FileCopy::Begun::Failed;
  }
  Facts facts;
  if (look_at(file.file, "", facts) != 0 || facts.stat.device != context_.device || facts.is_mount) {
    return FileCopy::Begun::Failed;
  }
  inode_ = facts.stat.inode;
  at_ = 0;
  Facts have;
  const bool there = look_at(target_->fd(), name.c_str(), have) == 0;
  if (there && unit_.fresh) {
    return FileCopy::Begun::Failed;  // the tar has the same file twice
  }
  return copy_.begin(*target_, {file.dir, file.file, name, file_path_, facts}, !there, false);
}

void LayerSink::end(const PayloadReader::Outcome& outcome) {
  if (begun_ != FileCopy::Begun::Write) {
    return;
  }
  if (outcome.bytes < copy_.size() && !context_.stopped()) {
    copy_.copy_rest(outcome.bytes);
  }
  copy_.finish();
  if (!context_.stopped()) {
    unit_.streamed.add(inode_, file_path_);
  }
}

// Makes the directories from the unit down to diff/, so that files can be put there at once.
Result<Dir> make_diff(CopyContext& context, const CopyUnit& unit, const std::string& diff) {
  const std::string above = unit.unit.path.parent().bytes();
  return make_below(open_far_dir(context.target, above),
                    std::string_view(diff).substr(above.empty() ? 0 : above.size() + 1));
}

}  // namespace

void copy_layer(CopyContext& context, const Root& source, CopyUnit& unit, SharedWork& work, LayerVerdict& verdict,
                std::function<void()> ended) {
  const LayerInput& input = *unit.unit.layer;
  const std::string& diff = input.diff_dir.bytes();
  Result<Dir> tree = source.open_dir(input.diff_dir);
  // What is a mount, or lies on another filesystem, is none of ours: only looked at.
  const bool ours = tree && tree->stat_self() && tree->stat_self()->device == context.device;
  Result<Dir> made = ours ? make_diff(context, unit, diff) : Result<Dir>(Error{});
  if (ours && !made && made.error().kind == Error::Kind::Io && !made.error().is_io(ENOTDIR)) {
    target_failed(context, unit, CopyProblem::Kind::Unmakeable, made.error().code, "make directory", diff);
  }
  if (!context.stopped()) {
    if (made && tree) {
      LayerSink sink(context, unit, std::move(*tree), std::move(*made), diff);
      verdict = verify_layer(source, input, Depth::Full, context.stop(), context.progress, &sink);
    } else {
      verdict = verify_layer(source, input, Depth::Full, context.stop(), context.progress);
    }
  }
  unit.streamed.sort();
  copy_tree(context, unit, work, std::move(ended));
}

}  // namespace dfsck
