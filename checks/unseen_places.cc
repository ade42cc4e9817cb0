// What is not where it should be, as a whole: databases behind links, and stores that are lost or not mounted.
#include "checks/checks.h"
#include "checks/input.h"
#include "checks/unseen.h"
#include "core/base/escape.h"

namespace dfsck {

void check_unseen_places(const CheckInput& input, FindingSink& sink) {
  for (const Boundary& link : input.model.host.boundaries) {
    if (is_link_to_file(link)) {
      Finding& finding = sink.add(problem::file_linked, {SubjectKind::File, link.path.text()}, link.path);
      finding.args["path"] = link.path.text();
      finding.args["target"] = escaped(link.source);
    }
  }
  for (const MissingStore& store : missing_stores(input.model)) {
    Finding& finding = sink.add(problem::store_missing, {SubjectKind::File, store.path.text()}, store.path);
    finding.args["path"] = store.path.text();
    finding.args["what"] = store.what;
    finding.args["witnesses"] = store.witnesses;
  }
}

}  // namespace dfsck
