// What is not where it should be, as a whole: databases behind links, and stores that are lost or not mounted.
#include "checks/checks.h"
#include "checks/input.h"
#include "checks/unseen.h"
#include "core/base/escape.h"

namespace dfsck {

namespace {

// Layers that others stand on may be anywhere. What a container writes into may not: runc takes no link on the way to a
// root filesystem, and the kernel no upper directory apart from its work directory.
void check_writable(const CheckInput& input, const Boundary& link, const Mount& mount, FindingSink& sink) {
  Finding& finding = sink.add(problem::writable_layer_linked, {SubjectKind::Container, mount.name}, link.path);
  finding.args["path"] = link.path.text();
  finding.args["container"] = mount.name;
  finding.args["target"] = escaped(link.leads_to);
  finding.args["error"] = link.path.name() == "diff" ? "error creating overlay mount to " + escaped(input.root.path()) +
                                                           "/" + link.path.parent().text() + "/merged: invalid argument"
                                                     : "invalid rootfs: not an absolute path, or a symlink";
}

}  // namespace

void check_unseen_places(const CheckInput& input, FindingSink& sink) {
  for (const Boundary& link : input.model.host.boundaries) {
    // The daemon follows it and is content. But what hangs on the file is not judged, and a copy of the
    // root would hold a link to the old place.
    if (is_link_to_file(link)) {
      Finding& finding = sink.add(problem::file_linked, {SubjectKind::File, link.path.text()}, link.path);
      finding.args["path"] = link.path.text();
      finding.args["target"] = escaped(link.source);
    } else if (const Mount* mount = container_behind(input.model, link); mount != nullptr) {
      check_writable(input, link, *mount, sink);
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
