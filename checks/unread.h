// What a report may not say where not everything could be read.
#pragma once

#include <vector>

#include "checks/report.h"
#include "core/content/layers/results.h"
#include "core/fs/root.h"
#include "core/model/model.h"
#include "core/plan/finding.h"

namespace dfsck {

// Takes out what hangs on something that could not be read for a reason that says nothing of it: no permission, no
// answer. Layers, images, containers, volumes and the build cache refer to one another, and what nothing refers to is
// garbage: so they are judged together, or not at all. What lies by itself is judged if it was read. The same holds for
// what is behind links that are not followed, and for stores that are missing as a whole (checks/unseen.h).
void drop_what_hangs_on_unread(const Model& model, std::vector<Finding>& findings);

// The same for what could not be read while good bytes were looked for, since the count of unread things was `from`
// (see core/base/unread.h): nothing is said to be lost then. Names it in the report.
void note_search(const Root& root, size_t from, std::vector<Finding>& findings, RootReport& report);

// The same for what could not be read while repairs were planned: names it in the report.
void note_planning(const Root& root, size_t from, RootReport& report);

// Whether anything of the root was not read, in this look or while bytes were searched for, so that what looks lost or
// unused may be neither.
bool has_unread(const Root& root);

// For people: each thing that could not be read, and what helps.
void add_unread(const Model& model, const ContentResults& content, RootReport& report);

}  // namespace dfsck
