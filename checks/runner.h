// Checking one root from end to end: scan, derive, check, plan.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "checks/report.h"
#include "core/base/result.h"
#include "core/fs/root.h"
#include "core/heal/donors.h"
#include "core/model/derive/derive.h"
#include "core/model/model.h"
#include "core/run/cancel.h"
#include "core/run/progress.h"

namespace dfsck {

struct CheckOptions {
  Level level = Level::Full;
  unsigned jobs = 1;
  std::vector<std::string> only;  // slugs, codes or areas; empty means all. Names are validated with is_selector.
  std::vector<std::string> skip;
  const Donors* donors = nullptr;  // where lost bytes may be had besides the root itself
  // The layers whose trees are looked at; nothing: all. Everything else is checked as `level` says.
  std::optional<std::set<ChainId>> layers = {};
};

// True for what --only and --skip accept: a slug, a code, or the name of an area.
bool is_selector(std::string_view name);

// A finding in the words of its problem's row, without a repair.
ReportedFinding in_words(const Finding& finding);

// One look at one root, without the roots below it, together with everything that was read: plans can still be made
// of any choice of its findings, until the root changes.
class Examination {
 public:
  // Looks. Never writes. An Error means that it could not be looked at as a Docker root at all. `root` must outlive it.
  static Result<Examination> make(const Root& root, const CheckOptions& options, const OwnRepair& own,
                                  const Cancel& cancel, Progress& progress);
  // The same at a model that was read already, which need not be of now: file contents are read as `options` say.
  static Result<Examination> of(const Root& root, std::shared_ptr<const Model> model, const CheckOptions& options,
                                const Cancel& cancel, Progress& progress);
  Examination(Examination&&) noexcept;
  Examination& operator=(Examination&&) noexcept;
  ~Examination();

  const RootReport& report() const;
  const Model& model() const;
  const Derived& derived() const;
  // The steps that repair the findings of `chosen` (indices into the report's) and no others, without those whose
  // repairs cannot be made: see settle_plan.
  Plan plan_for(std::vector<size_t> chosen) const;
  // Whether the finding speaks of file contents that a look before this one could not judge, because the layer's own
  // description was damaged then.
  bool was_hidden_from(const Examination& earlier, size_t finding) const;

 private:
  struct State;
  bool knows_duplicate(const std::string& dir) const;  // a second directory of a layer, looked at as such
  explicit Examination(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Checks the root at `root` and those below it. Never writes. An Error means that it could not be looked at as a Docker
// root at all (for example: a directory that holds nothing of Docker's); everything less is in the report. The report
// is the same at any number of jobs. Stops soon after `cancel` is requested and then says so in the report.
Result<RootReport> check_root(const Root& root, const CheckOptions& options, const Cancel& cancel, Progress& progress);

// Adds to the report of `root` what `look` says of each remapped root below it.
using LookBelow = std::function<Result<RootReport>(const Root& root)>;
void add_roots_below(const Root& root, const Model& model, const LookBelow& look, RootReport& report);

}  // namespace dfsck
