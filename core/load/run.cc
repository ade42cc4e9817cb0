// Stage, then register.
#include "core/load/run.h"

#include <algorithm>
#include <atomic>
#include <functional>

#include "core/base/escape.h"
#include "core/base/try.h"
#include "core/journal/repair_run.h"
#include "core/journal/undo.h"
#include "core/load/stage.h"
#include "core/load/steps.h"
#include "core/run/parallel.h"

namespace dfsck {
namespace {

uint64_t size_of(const Donor& donor, const LoadLayer& layer) { return donor.places(layer.diff).front().member.size; }

// The largest first, so that at the end no thread waits long for another; but an archive that is compressed as a whole
// is read from its beginning to its end.
std::vector<size_t> reading_order(const Donor& donor, const std::vector<LoadLayer>& layers) {
  std::vector<size_t> order(layers.size());
  for (size_t i = 0; i < order.size(); ++i) {
    order[i] = i;
  }
  const auto place = [&](size_t i) { return donor.places(layers[i].diff).front().member.place; };
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return donor.is_sequential() ? place(a) < place(b) : size_of(donor, layers[a]) > size_of(donor, layers[b]);
  });
  return order;
}

using LayerWork = std::function<Result<UnpackedLayer>(const LoadLayer& layer)>;

// Of several layers that fail, the first in reading order is told, at any number of jobs: nothing behind a failure is
// begun, everything before it is finished.
Result<std::vector<UnpackedLayer>> for_each_layer(const LoadArchive& archive, const LoadWork& work, unsigned jobs,
                                                  const Cancel& cancel, Progress& progress, const LayerWork& body) {
  const std::vector<size_t> order = reading_order(archive.donor, work.layers);
  progress.phase = Progress::Phase::Loading;
  progress.items_done = 0;
  progress.items_total = order.size();
  uint64_t total = 0;
  for (const LoadLayer& layer : work.layers) {
    total += size_of(archive.donor, layer);
  }
  progress.bytes_total = total;
  std::vector<UnpackedLayer> layers(order.size());
  std::vector<std::optional<Error>> errors(order.size());
  std::atomic<size_t> first_failed{order.size()};
  // What fails first in time may not be what fails first in order. So a layer is only passed over if one before it
  // has failed, and each before that is still read.
  for_each_index(order.size(), jobs, cancel, [&](size_t i) {
    if (i > first_failed.load()) {
      return;
    }
    Result<UnpackedLayer> done = body(work.layers[order[i]]);
    progress.add_items(1);
    if (done) {
      layers[order[i]] = *done;
      return;
    }
    errors[i] = done.error();
    // The smallest index wins, whoever comes first.
    size_t known = first_failed.load();
    while (i < known && !first_failed.compare_exchange_weak(known, i)) {
    }
  });
  if (cancel.requested()) {
    return cancelled_error("load", escaped(archive.donor.path()), "cancelled");
  }
  const size_t first = first_failed.load();
  return first < order.size() ? Result<std::vector<UnpackedLayer>>(*errors[first]) : std::move(layers);
}

// A layer that the root has already is read all the same: an archive that is damaged in it is refused. The daemon
// would not open it.
Result<UnpackedLayer> inspected(const LoadArchive& archive, const LoadLayer& layer, Progress& progress) {
  ASSIGN_OR_RETURN(const auto source, archive.donor.open_layer(layer.diff, LayerHashing::Verified));
  return inspect_layer(*source, progress);
}

Error failed(const Root& root, Error::Kind kind, const std::string& why) {
  return {kind, 0, "load into", escaped(root.path()), why};
}

// Takes a run that has changed nothing out of the root.
// Staged trees were never named by anything, so they go away with the run.
Error abandoned(const Root& root, RepairRun& run, const Error& why) {
  const Result<void> gone = run.abandon();
  return gone ? failed(root, why.kind == Error::Kind::Io ? Error::Kind::Format : why.kind,
                       why.message() + "; nothing was changed")
              : failed(root, Error::Kind::Format,
                       why.message() + "; and what was prepared cannot be removed (" + gone.error().message() +
                           "): docker-fsck recover does it");
}

// A step failed: for want of space, or since the disk is broken. What was registered is taken back.
// As one undo of the whole run, which is over by then: what is registered without what stands on it, or without its
// tags, is of no use to anybody.
Error taken_back(const Root& root, const std::string& id, const std::string& why) {
  const Cancel never;
  Progress progress;
  const Result<UndoResult> undone = undo(root, id, never, progress);
  const std::string trouble = undone ? undone->stopped : undone.error().message();
  return failed(
      root, Error::Kind::Format,
      why + (trouble.empty() ? "; what was done is taken back" : "; and it cannot be taken back: " + trouble));
}

}  // namespace

Result<std::vector<UnpackedLayer>> inspect_load(const LoadArchive& archive, const LoadWork& work, unsigned jobs,
                                                const Cancel& cancel, Progress& progress) {
  return for_each_layer(archive, work, jobs, cancel, progress,
                        [&](const LoadLayer& layer) { return inspected(archive, layer, progress); });
}

// The long part, unpacking and hashing, changes nothing but the run's own directory, so it can be stopped or fail at
// any point. Only when every layer has proven its digest come the steps, which are renames and small files and take
// no time.
Result<LoadResult> load_images(const Root& root, const LoadArchive& archive, const LoadTarget& target,
                               const LoadWork& work, unsigned jobs, const Cancel& cancel, Progress& progress) {
  Result<RepairRun> run = RepairRun::begin(root, "load");
  if (!run) {
    return failed(root, run.error().kind, run.error().message() + "; nothing was changed");
  }
  // Two places, as overlay2/ and image/ may be filesystems of their own: a tree is put in place by a rename.
  const Result<Dir> directories = run->staging("overlay2");
  const Result<Dir> entries = directories ? run->staging("image") : directories.error();
  if (!entries) {
    return abandoned(root, *run, entries.error());
  }
  Result<std::vector<UnpackedLayer>> layers =
      for_each_layer(archive, work, jobs, cancel, progress, [&](const LoadLayer& layer) {
        return layer.made ? stage_layer(archive.donor, work.new_layers[*layer.made], *layer.made, target,
                                        {*directories, *entries}, progress)
                          : inspected(archive, layer, progress);
      });
  const Result<LoadSteps> steps = layers ? load_steps(root, archive, target, work) : layers.error();
  if (!steps) {
    return abandoned(root, *run, steps.error());
  }
  progress.phase = Progress::Phase::Repairing;
  progress.items_done = 0;
  progress.items_total = steps->plan.steps.size();
  const Cancel never;  // what is left takes no time, and half of it would be of no use
  const Result<std::vector<StepResult>> results = run->apply(steps->plan, steps->reasons, never, progress);
  if (!results) {
    return abandoned(root, *run, results.error());
  }
  const std::string id = run->id();
  const auto culprit = std::find_if(results->begin(), results->end(),
                                    [](const StepResult& step) { return step.state == StepResult::State::Failed; });
  if (culprit != results->end() && !run->has_changed_something()) {
    return abandoned(root, *run, format_error("load into", escaped(root.path()), culprit->why));
  }
  if (const Result<void> ended = run->end(); !ended) {
    return failed(root, Error::Kind::Format, ended.error().message());
  }
  if (culprit != results->end()) {
    // undo() takes the same locks.
    { const RepairRun gone = std::move(*run); }  // with its locks
    return taken_back(root, id, culprit->why);
  }
  progress.phase = Progress::Phase::Done;
  return LoadResult{id, std::move(*layers)};
}

}  // namespace dfsck
