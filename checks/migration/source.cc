// Scans each root of the source once.
#include "checks/migration/source.h"

#include "checks/liveness.h"
#include "core/base/escape.h"
#include "core/base/try.h"
#include "core/run/was_cancelled.h"

namespace dfsck {

Result<std::unique_ptr<const MigrationSource>> MigrationSource::open(const std::string& path, unsigned jobs,
                                                                     const Cancel& cancel, Progress& progress) {
  ASSIGN_OR_RETURN(Root root, Root::open(path));
  std::unique_ptr<MigrationSource> source(new MigrationSource);
  if (const Below added = source->add(std::move(root), RelPath(), jobs, cancel, progress); !added) {
    return added.error();
  }
  for (const std::string& name : source->parts_.front().model->entries.remapped_roots) {
    const RelPath prefix = *RelPath::parse(name);
    Result<Root> below = source->root().open_below(prefix);
    source->below_.push_back(below ? source->add(std::move(*below), prefix, jobs, cancel, progress) : below.error());
  }
  return std::unique_ptr<const MigrationSource>(std::move(source));
}

// Once, and kept for the whole migration: what is judged, planned, copied and compared is one picture of the source.
MigrationSource::Below MigrationSource::add(Root root, RelPath prefix, unsigned jobs, const Cancel& cancel,
                                            Progress& progress) {
  ASSIGN_OR_RETURN(Model model, scan(root, jobs, cancel, progress));
  Derived derived = derive(model);
  const Part& part =
      parts_.emplace_back(Part{std::move(root), std::make_shared<const Model>(std::move(model)), std::move(derived)});
  sources_.push_back({std::move(prefix), *part.model, part.derived});
  return &part;
}

Result<RootReport> MigrationSource::check(const CheckOptions& options, const Cancel& cancel, Progress& progress) const {
  const auto report_of = [&](const Part& part) {
    const Result<Examination> look = Examination::of(part.root, part.model, options, cancel, progress);
    return look ? Result(look->report()) : Result<RootReport>(look.error());
  };
  ASSIGN_OR_RETURN(RootReport report, report_of(parts_.front()));
  for (const Below& below : below_) {
    Result<RootReport> inner = below ? report_of(**below) : below.error();
    if (!inner) {
      report.failures.push_back(inner.error().message());
      continue;
    }
    add_roots_below((*below)->root, *(*below)->model,
                    [&](const Root& root) { return check_root(root, options, cancel, progress); }, *inner);
    report.below.push_back(std::move(*inner));
  }
  report.cancelled = was_cancelled(cancel);
  return report;
}

const Root& MigrationSource::root_of(const SourceRoot& source) const {
  for (const Part& part : parts_) {
    if (part.model.get() == &source.model) {
      return part.root;
    }
  }
  return root();
}

const SourceRoot& MigrationSource::around(const RelPath& path) const {
  for (const SourceRoot& root : sources_) {
    if (!root.prefix.is_root() && path.is_below(root.prefix)) {
      return root;
    }
  }
  return sources_.front();
}

// Of all roots below too: a remapped daemon works in one of them.
std::vector<std::string> MigrationSource::evidence_of_users() const {
  std::vector<std::string> evidence;
  for (const Part& part : parts_) {
    const std::vector<std::string> some = live_evidence(*part.model);
    evidence.insert(evidence.end(), some.begin(), some.end());
  }
  return evidence;
}

std::vector<std::string> MigrationSource::unfinished_repairs() const {
  std::vector<std::string> runs;
  for (const Part& part : parts_) {
    for (const std::string& run : part.model->entries.unfinished_repairs) {
      runs.push_back(escaped(run));
    }
  }
  return runs;
}

std::vector<std::string> MigrationSource::unreadable() const {
  std::vector<std::string> why;
  for (const Below& below : below_) {
    if (!below) {
      why.push_back(below.error().message());
    }
  }
  return why;
}

}  // namespace dfsck
