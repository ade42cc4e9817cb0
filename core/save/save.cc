// Rounds: a layer that turns out wrong while the archive is written is taken from elsewhere, or its images are left
// out, and the archive is written anew.
#include "core/save/save.h"

#include <unistd.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <set>

#include "core/base/escape.h"
#include "core/base/text.h"
#include "core/base/try.h"
#include "core/content/verify.h"
#include "core/save/writer.h"

namespace dfsck {
namespace {

constexpr size_t kMostBadFiles = 1000;  // of one layer, that are listed

// The files of the layer that keep its tar from being put together.
std::vector<std::string> bad_files(const SavedLayer& layer, const Cancel& cancel) {
  std::vector<std::string> files;
  if (!layer.source.tar_split.empty()) {
    return files;  // there is no other record of what the files should be
  }
  Progress unseen;
  const LayerVerdict verdict = verify_layer(*layer.root, layer.source.input, Depth::Full, cancel, unseen);
  for (const Issue& issue : verdict.issues) {
    if ((lacks_bytes(issue) || issue.kind == IssueKind::Unreadable) && files.size() < kMostBadFiles) {
      files.push_back(layer.source.input.diff_dir.text() + "/" + escaped(issue.path) + " " + issue.detail);
    }
  }
  return files;
}

// Where the archive goes to.
struct SaveOutput {
  std::function<Result<std::vector<LayerFailure>>(const SaveJob&)> write;
  std::function<Result<void>()> clear;  // makes it empty; null where that cannot be
  std::function<Result<void>()> commit;
};

template <typename Target>
Result<SaveOutput> output_to(Result<Target> created) {
  TRY(created);
  const auto target = std::make_shared<Target>(std::move(*created));
  return SaveOutput{[target](const SaveJob& job) { return write_archive(job, *target); },
                    [target] { return target->clear(); }, [target] { return target->commit(); }};
}

SaveOutput output_to_stream(OutputStream stream) {
  const auto target = std::make_shared<OutputStream>(std::move(stream));
  return {[target](const SaveJob& job) { return write_archive(job, *target); }, nullptr, [] { return Result<void>(); }};
}

Result<SaveOutput> open_output(const SaveRequest& request) {
  if (request.output.empty()) {
    return output_to_stream(OutputStream(STDOUT_FILENO, "standard output"));
  }
  if (request.format == ArchiveFormat::OciDir) {
    return output_to(OutputDirectory::create(request.output));
  }
  ASSIGN_OR_RETURN(const OutputKind kind, output_kind(request.output));
  if (kind == OutputKind::Other) {
    ASSIGN_OR_RETURN(OutputStream stream, OutputStream::open(request.output));
    return output_to_stream(std::move(stream));
  }
  return output_to(OutputFile::create(request.output));
}

class Save {
 public:
  Save(SaveCatalogue& catalogue, const SaveRequest& request, const Cancel& cancel, Progress& progress)
      : catalogue_(catalogue), request_(request), cancel_(cancel), progress_(progress) {}

  Result<SaveResult> run();

 private:
  // Chooses the images, and lays out the archive. False where there is nothing to write.
  bool choose();
  Result<void> check_space() const;
  // Whether anything has failed; the catalogue then says so.
  Result<bool> settle(Result<std::vector<LayerFailure>> failures);
  // Both go by rounds, each without what the one before found damaged. False where nothing is left to write.
  Result<bool> prove();
  Result<bool> write(const SaveOutput& output);
  SaveJob job();

  SaveCatalogue& catalogue_;
  const SaveRequest& request_;
  const Cancel& cancel_;
  Progress& progress_;
  std::vector<ArchiveMember> members_;
  SaveResult result_;
};

bool Save::choose() {
  result_.images = catalogue_.savable();
  result_.complete = result_.images.size() == catalogue_.images().size();
  if (result_.images.empty() || (!result_.complete && !request_.keep_going && !request_.dry_run)) {
    return false;
  }
  members_ = archive_members(catalogue_, result_.images, request_.format);
  result_.bytes = 0;
  if (request_.format != ArchiveFormat::OciDir) {
    result_.bytes = archive_size(catalogue_, members_);
    return true;
  }
  for (const ArchiveMember& member : members_) {
    result_.bytes += member.layer ? catalogue_.layers()[*member.layer].size : member.bytes.size();
  }
  return true;
}

// A pipe or a device has no room that could be asked for.
Result<void> Save::check_space() const {
  const Result<OutputKind> kind =
      request_.output.empty() ? Result<OutputKind>(OutputKind::Other) : output_kind(request_.output);
  const Result<uint64_t> free =
      kind && *kind != OutputKind::Other ? free_bytes_at(request_.output) : Result<uint64_t>(UINT64_MAX);
  if (!kind || !free) {
    return kind ? free.error() : kind.error();
  }
  if (*free < result_.bytes) {
    return limit_error("write", escaped(request_.output),
                       human_bytes(result_.bytes) + " are needed, and " + human_bytes(*free) + " are free");
  }
  return {};
}

SaveJob Save::job() {
  uint64_t bytes = 0;
  size_t layers = 0;
  for (const ArchiveMember& member : members_) {
    bytes += member.layer ? catalogue_.layers()[*member.layer].size : 0;
    layers += member.layer ? 1 : 0;
  }
  progress_.items_done = 0;
  progress_.items_total = layers;
  progress_.bytes_done = 0;
  progress_.bytes_total = bytes;
  progress_.phase = Progress::Phase::Saving;
  return {catalogue_, members_, request_.jobs, cancel_, progress_};
}

Result<bool> Save::settle(Result<std::vector<LayerFailure>> failures) {
  TRY(failures);
  for (const LayerFailure& failure : *failures) {
    std::vector<std::string> files = bad_files(catalogue_.layers()[failure.layer], cancel_);
    catalogue_.reject(failure.layer, failure.problem, std::move(files), cancel_, progress_);
  }
  return cancel_.requested() ? Result<bool>(cancelled_error("save", "", "")) : !failures->empty();
}

Result<bool> Save::prove() {
  Result<bool> failed = settle(prove_layers(job()));
  while (failed && *failed) {
    if (!choose()) {
      return false;
    }
    failed = settle(prove_layers(job()));
  }
  return failed ? Result<bool>(true) : failed.error();
}

Result<bool> Save::write(const SaveOutput& output) {
  Result<bool> failed = settle(output.write(job()));
  while (failed && *failed) {
    if (!choose()) {
      return false;
    }
    if (!output.clear) {
      return format_error("write", request_.output.empty() ? "standard output" : escaped(request_.output),
                          "a layer turned out damaged when the stream had begun; there is another copy of it: with "
                          "--keep-going all layers are read before anything is written");
    }
    TRY(output.clear());
    failed = settle(output.write(job()));
  }
  return failed ? Result<bool>(true) : failed.error();
}

Result<SaveResult> Save::run() {
  progress_.phase = Progress::Phase::Checking;
  catalogue_.locate(request_.jobs, cancel_, progress_);
  if (cancel_.requested()) {
    return cancelled_error("save", "", "");
  }
  if (!choose() || request_.dry_run) {
    return result_;
  }
  TRY(check_space());
  ASSIGN_OR_RETURN(SaveOutput output, open_output(request_));
  // What cannot be made empty again must not turn out damaged on the way.
  const bool proves = !output.clear && request_.keep_going;
  const Result<bool> proven = proves ? prove() : Result<bool>(true);
  const Result<bool> written = proven && *proven ? write(output) : proven;
  if (!written || !*written) {
    return written ? Result(result_) : written.error();
  }
  TRY(output.commit());
  result_.written = true;
  return result_;
}

}  // namespace

Result<SaveResult> save_images(SaveCatalogue& catalogue, const SaveRequest& request, const Cancel& cancel,
                               Progress& progress) {
  return Save(catalogue, request, cancel, progress).run();
}

}  // namespace dfsck
