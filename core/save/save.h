// Saving images of a root as an archive, without a daemon.
#pragma once

#include <string>
#include <vector>

#include "core/save/layout.h"

namespace dfsck {

struct SaveRequest {
  ArchiveFormat format = ArchiveFormat::DockerArchive;
  std::string output;       // path; empty: standard output
  bool keep_going = false;  // leave out what cannot be saved
  bool dry_run = false;     // find out what would be saved; read no layer, write nothing
  unsigned jobs = 1;
};

struct SaveResult {
  std::vector<size_t> images;  // of the catalogue, that were (or would be) saved
  bool complete = false;       // these are all
  bool written = false;        // the archive is there
  uint64_t bytes = 0;          // of it; of a directory, of the files in it
};

// Saves the images of the catalogue and keeps in it why some of them cannot be saved, with their bad files. If there
// are any, nothing is written, unless `keep_going`; but a stream may have begun before that was known: then it ends in
// the middle. With `keep_going`, what goes to a stream is read twice, first to find out what can be saved.
//
// Errors: Format where the output is not what it has to be; Io, among them ENOSPC; Cancelled. After an error nothing
// is left of a file or a directory, and what was there before still is.
Result<SaveResult> save_images(SaveCatalogue& catalogue, const SaveRequest& request, const Cancel& cancel,
                               Progress& progress);

}  // namespace dfsck
