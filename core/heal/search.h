// The places that are searched for lost bytes, the nearest first. Internal to core/heal.
//
// Each search adds what it finds to `wanted`, in an order that does not depend on the number of jobs. What a place
// cannot give (a file that cannot be read, a donor's layer that is damaged) it does not have.
#pragma once

#include "core/fs/root.h"
#include "core/heal/donors.h"
#include "core/heal/lost_files.h"
#include "core/model/derive/derive.h"
#include "core/model/model.h"
#include "core/run/cancel.h"

namespace dfsck {

struct SearchJobs {
  unsigned jobs = 1;
  const Cancel& cancel;
};

// The layers of a root, by what their tar-splits say of their files: no file is read. `donor` is the path of another
// root, and empty for this one.
void search_layers(const Root& root, const Model& model, const Derived& derived, const std::string& donor,
                   const SearchJobs& how, LostFiles& lost);

// The layers of an archive or layout. First those that are damaged here, then all others.
enum class DonorLayers { Damaged, Others };
void search_archive(const Donor& donor, DonorLayers which, const Model& model, const Derived& derived,
                    const SearchJobs& how, LostFiles& lost);

// Every file below overlay2 that belongs to no layer, and of the volumes: what has the right size is read.
void search_trees(const Root& root, const Model& model, const Derived& derived, const SearchJobs& how, LostFiles& lost);

}  // namespace dfsck
